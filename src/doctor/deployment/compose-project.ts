/** Compose files as Compose understands them: parsed, merged, variables put in, with the line of everything in them. */
import { gatherComposeFile } from "./compose/gather-files.ts";
import { type Located, plainOf } from "./compose/located-yaml.ts";
import { mergeCompose } from "./compose/merge-compose.ts";
import type { EnvFile } from "./env-file.ts";
import { interpolate } from "./interpolate.ts";

/** Keys from the root of the file, `["services", "edge", "user"]`. */
export type ComposePath = readonly (string | number)[];

export type ComposeProject = {
  /** The first file. */
  readonly path: string;
  /** Every file, in the order in which they are merged. */
  readonly paths: readonly string[];
  /** Names of the services. */
  readonly services: readonly string[];
  /** The value at a path, variables put in; undefined where there is none. */
  readonly valueAt: (path: ComposePath) => unknown;
  /** The value as it is written, variables and all. */
  readonly writtenAt: (path: ComposePath) => unknown;
  /** `file:line` of a path, or of the nearest thing above it that is there. */
  readonly whereIs: (path: ComposePath) => string;
  /** Variables that the files demand and nobody gives. */
  readonly missing: readonly string[];
  /** Variables that have no default and that nobody gives: empty, as Compose has it. */
  readonly unset: readonly string[];
  /** Every variable that the files name. */
  readonly variables: ReadonlySet<string>;
  /** The file of variables that was put in. */
  readonly env: EnvFile | undefined;
};

/** Reads the file and those that are laid over it; `env` are their variables. Throws InputUnreadable. */
export function readCompose(path: string, env: EnvFile | undefined, overrides: readonly string[] = []): ComposeProject {
  const paths = [path, ...overrides];
  const notes = { variables: new Set<string>(), missing: new Set<string>(), unset: new Set<string>() };
  const putIn = (text: string): string => interpolate(text, env?.values ?? new Map(), notes);
  const files = paths.map((file) => gatherComposeFile(file, putIn));
  const tree = files.reduce((base, over) => mergeCompose(base, over));
  // Compose puts the variables into each file before it merges them, so one that is overridden is asked for all the same.
  for (const file of files) plainOf(file, putIn);
  const value = plainOf(tree, putIn);
  const written = plainOf(tree, (text) => text);
  const services = walk(value, ["services"]);
  return {
    ...{ path, paths, env },
    ...{ variables: notes.variables, missing: [...notes.missing], unset: [...notes.unset] },
    services: typeof services === "object" && services !== null ? Object.keys(services) : [],
    valueAt: (at) => walk(value, at),
    writtenAt: (at) => walk(written, at),
    whereIs: (at) => whereIn(tree, at),
  };
}

function whereIn(tree: Located, path: ComposePath): string {
  let found = tree;
  for (const key of path) {
    const next =
      found.kind === "map"
        ? found.entries.get(String(key))
        : found.kind === "list"
          ? typeof key === "number"
            ? found.items[key]
            : found.items.find((item) => isPairOf(item, key))
          : undefined;
    if (next === undefined) break;
    found = next;
  }
  return found.where;
}

/** `NAME=value` or `NAME` in a list is what `NAME: value` is in a map. */
function isPairOf(item: Located, name: string): boolean {
  return item.kind === "scalar" && (item.value === name || String(item.value).startsWith(`${name}=`));
}

function walk(value: unknown, path: ComposePath): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return undefined;
    found = Reflect.get(found, key);
  }
  return found;
}

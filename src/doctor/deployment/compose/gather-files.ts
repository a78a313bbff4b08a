/** A compose file with what it takes from others: the files that it includes, and services that it extends. */
import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, relative } from "node:path";
import { describeError } from "../../../errors.ts";
import { InputUnreadable } from "../../input-errors.ts";
import { type Located, readLocatedYaml } from "./located-yaml.ts";
import { mergeCompose, withExtended } from "./merge-compose.ts";
import { rebased } from "./rebase-paths.ts";

/** What a project consists of; a name may stand in a file or in one that it includes, and in both only with one meaning. */
const RESOURCES = ["services", "networks", "volumes", "secrets", "configs"];

type Reading = {
  /** Puts variables into a text. */
  readonly putIn: (text: string) => string;
  /** Files that are being read, outermost first. */
  readonly within: readonly string[];
};

/**
 * Reads a compose file and all that it includes and extends, paths in them as seen from the folder of the first file.
 * Throws InputUnreadable for what is no YAML, is not there, includes itself or is refused by Compose as a conflict.
 * The variables that an `include` names in `env_file` are not read. Source: compose-spec, 14-include.md and 05-services.md.
 */
export function gatherComposeFile(path: string, putIn: (text: string) => string): Located {
  return gather(path, path, { putIn, within: [] });
}

function gather(path: string, namedAt: string, { putIn, within }: Reading): Located {
  if (within.includes(path)) throw new InputUnreadable(namedAt, `${path} takes itself in, by ${within.join(", ")}`);
  const reading = { putIn, within: [...within, path] };
  const pathOf = (name: Located): string => {
    const named = putIn(textOf(name));
    return isAbsolute(named) ? named : join(dirname(path), named);
  };
  const read = (name: Located): Located =>
    rebased(gather(pathOf(name), name.where, reading), relative(dirname(path), dirname(pathOf(name))));
  const own = withExtended(readLocatedYaml(path, readText(path, namedAt)), (name) =>
    pathOf(name) === join(path) ? undefined : read(name),
  );
  if (own.kind !== "map") throw new InputUnreadable(path, "is no compose file: it has no keys");
  const include = own.entries.get("include");
  if (include === undefined) return own;
  const included = itemsOf(include).map((item) => filesOf(item).map(read).reduce(mergeTwo));
  const rest = new Map([...own.entries].filter(([key]) => key !== "include"));
  return [...included, { ...own, entries: rest }].reduce(joinTwo);
}

function mergeTwo(base: Located, over: Located): Located {
  return mergeCompose(base, over);
}

/** Puts two files side by side. */
function joinTwo(one: Located, other: Located): Located {
  for (const kind of RESOURCES) {
    const [before, after] = [entriesAt(one, kind), entriesAt(other, kind)];
    for (const [name, value] of after) {
      const known = before.get(name);
      if (known === undefined || meaningOf(known) === meaningOf(value)) continue;
      throw new InputUnreadable(value.where, `${kind} has ${name} already at ${known.where}, which Compose refuses`);
    }
  }
  return mergeCompose(one, other);
}

function meaningOf(tree: Located): string {
  return JSON.stringify(tree, (key, value: unknown) =>
    key === "where" ? undefined : value instanceof Map ? Object.fromEntries(value) : value,
  );
}

/** The files of an entry of `include`: those of one entry are laid over each other. */
function filesOf(item: Located): readonly Located[] {
  const path = item.kind === "map" ? item.entries.get("path") : item;
  const files = path === undefined ? [] : itemsOf(path);
  if (files.length === 0)
    throw new InputUnreadable(item.where, "include names no file: write a path, or path: with one");
  return files;
}

function entriesAt(tree: Located, key: string): ReadonlyMap<string, Located> {
  const found = tree.kind === "map" ? tree.entries.get(key) : undefined;
  return found?.kind === "map" ? found.entries : new Map();
}

function itemsOf(tree: Located): readonly Located[] {
  return tree.kind === "list" ? tree.items : [tree];
}

function textOf(tree: Located): string {
  if (tree.kind === "scalar" && typeof tree.value === "string") return tree.value;
  throw new InputUnreadable(tree.where, "expected the path of a compose file");
}

function readText(path: string, namedAt: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new InputUnreadable(path === namedAt ? path : `${namedAt}, ${path}`, describeError(cause), cause);
  }
}

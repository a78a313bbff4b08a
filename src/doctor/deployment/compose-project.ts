/** A compose file as Compose understands it: parsed, variables put in, with the line of everything in it. */
import { readFileSync } from "node:fs";
import { isNode, LineCounter, parseDocument } from "yaml";
import { describeError } from "../../errors.ts";
import { InputUnreadable } from "../input-errors.ts";
import type { EnvFile } from "./env-file.ts";
import { interpolate } from "./interpolate.ts";

/** Keys from the root of the file, `["services", "edge", "user"]`. */
export type ComposePath = readonly (string | number)[];

export type ComposeProject = {
  readonly path: string;
  readonly text: string;
  /** Names of the services. */
  readonly services: readonly string[];
  /** The value at a path, variables put in; undefined where there is none. */
  readonly valueAt: (path: ComposePath) => unknown;
  /** The value as it is written, variables and all. */
  readonly writtenAt: (path: ComposePath) => unknown;
  /** `file:line` of a path, or of the nearest thing above it that is there. */
  readonly whereIs: (path: ComposePath) => string;
  /** Variables that the file asks for and nobody gives. */
  readonly missing: readonly string[];
  /** Every variable that the file names. */
  readonly variables: ReadonlySet<string>;
};

/** Reads the file; `env` are its variables. Throws InputUnreadable. */
export function readCompose(path: string, env: EnvFile | undefined): ComposeProject {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new InputUnreadable(path, describeError(cause), cause);
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { merge: true, lineCounter });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const line = lineCounter.linePos(problem.pos[0]).line;
    throw new InputUnreadable(`${path}:${line}`, problem.message.split("\n")[0] ?? "is not YAML", problem);
  }
  const written: unknown = document.toJS();
  const variables = new Set<string>();
  const missing = new Set<string>();
  const value = mapTexts(written, (one) => interpolate(one, env?.values ?? new Map(), { variables, missing }));
  const whereIs = (at: ComposePath): string => {
    for (let length = at.length; length > 0; length--) {
      const node: unknown = document.getIn(at.slice(0, length), true);
      if (isNode(node) && node.range) return `${path}:${lineCounter.linePos(node.range[0]).line}`;
    }
    return path;
  };
  return {
    ...{ path, text, variables, missing: [...missing], whereIs },
    services: Object.keys(asRecord(asRecord(value)?.["services"]) ?? {}),
    valueAt: (at) => walk(value, at),
    writtenAt: (at) => walk(written, at),
  };
}

function walk(value: unknown, path: ComposePath): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Reflect.get(found, key);
  }
  return found;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item: unknown) => mapTexts(item, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, change)]));
}

/** A file of variables as Compose and systemd read it, with the line and the mode of what stands in it. */
import { readFileSync, statSync } from "node:fs";
import { parseEnv } from "node:util";
import { describeError } from "../../errors.ts";
import { InputUnreadable } from "../input-errors.ts";

export type EnvFile = {
  readonly path: string;
  readonly text: string;
  /** Permission bits, such as 0o600. */
  readonly mode: number;
  readonly values: ReadonlyMap<string, string>;
  /** `path:line` of a variable, or the path where it is not there. */
  readonly whereIs: (name: string) => string;
};

/** Reads the file. Throws InputUnreadable. */
export function readEnvFile(path: string): EnvFile {
  let text: string;
  let mode: number;
  try {
    text = readFileSync(path, "utf8");
    mode = statSync(path).mode & 0o777;
  } catch (cause) {
    throw new InputUnreadable(path, describeError(cause), cause);
  }
  const values = new Map(Object.entries(parseEnv(text)).map(([name, value]) => [name, value ?? ""]));
  const lines = text.split("\n");
  const whereIs = (name: string): string => {
    const index = lines.findLastIndex((line) => line.replace(/^\s*(export\s+)?/, "").startsWith(`${name}=`));
    return index === -1 ? path : `${path}:${index + 1}`;
  };
  return { path, text, mode, values, whereIs };
}

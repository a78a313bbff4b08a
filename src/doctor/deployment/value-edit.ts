/** A change of one value in a file of variables, everything else kept byte for byte. */
import type { FileEdit } from "../check.ts";
import type { EnvFile } from "./env-file.ts";

/** Returns the edit; undefined where the variable does not stand in the file, or not on one line. */
export function editValue(env: EnvFile | undefined, name: string, value: string): FileEdit | undefined {
  const line = Number(/:(\d+)$/.exec(env?.whereIs(name) ?? "")?.[1] ?? 0);
  if (env === undefined || line === 0) return undefined;
  const lines = env.text.split("\n");
  const before = lines[line - 1] ?? "";
  const [, start = "", rest = ""] = /^(\s*(?:export\s+)?[^=]+=)(.*)$/.exec(before) ?? [];
  // A text in quotes may go on behind the line.
  if (/^\s*["'`]/.test(rest)) return undefined;
  lines[line - 1] = `${start}${value}`;
  return { path: env.path, before: env.text, after: lines.join("\n") };
}

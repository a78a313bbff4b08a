/** A change of one text on one line of a file of the owner's, for remedies that are safe to apply. */
import { readFileSync } from "node:fs";
import type { FileEdit } from "../../check.ts";
import type { Directive } from "../../nginx/nginx-config.ts";

/** Replaces a text on a directive's line; undefined where it does not stand there exactly once as it was read. */
export function editLine({ file, line }: Directive, from: string, to: string): FileEdit | undefined {
  const before = readFileSync(file, "utf8");
  const lines = before.split("\n");
  const text = lines[line - 1] ?? "";
  if (text.split(from).length !== 2) return undefined;
  const after = lines
    .with(
      line - 1,
      text.replace(from, () => to),
    )
    .join("\n");
  return { path: file, before, after };
}

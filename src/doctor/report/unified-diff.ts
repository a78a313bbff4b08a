/** What an edit changes, as a unified diff. */
import { createTwoFilesPatch } from "diff";
import type { FileEdit } from "../check.ts";

/** A file of variables may have a secret on the next line: of those only what changes is shown. */
const SECRETIVE = /(^|\/)\.env|\.env(\.|$)/;
const CONTEXT_LINES = 3;

/** Returns the diff with the path as both names. */
export function diffOf({ path, before, after }: FileEdit): string {
  const context = SECRETIVE.test(path) ? 0 : CONTEXT_LINES;
  const text = createTwoFilesPatch(path, path, before, after, undefined, undefined, { context });
  return text.replace(/^=+\n/, "").trimEnd();
}

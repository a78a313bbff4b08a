/** `.dockerignore` as the builder reads it: patterns by line, `!` takes back, the last that matches decides. */
import { readFileSync } from "node:fs";

const IGNORE_FILE = new URL("../../.dockerignore", import.meta.url);

type Pattern = { readonly isException: boolean; readonly matches: RegExp };

/** Reads the repository's file; the function says whether a path, from the root, stays out of the image's context. */
export function readDockerignore(): (path: string) => boolean {
  const lines = readFileSync(IGNORE_FILE, "utf8").split("\n");
  const patterns = lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  const compiled = patterns.map(compile);
  return (path) => compiled.findLast(({ matches }) => matches.test(path))?.isException === false;
}

/** What a pattern matches, it matches with all that is below it. */
function compile(pattern: string): Pattern {
  const isException = pattern.startsWith("!");
  const source = pattern
    .replace(/^!/, "")
    .replace(/\/$/, "")
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*\*\/|\*|\?/g, (wild) => ({ "**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]" })[wild] ?? "");
  return { isException, matches: new RegExp(`^${source}(?:/.*)?$`) };
}

/** Lines to add to `.gitignore`: what stands there stays as it is. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { FileEdit } from "../check.ts";
import type { Repository } from "../deployment/repository.ts";
import { InputUnreadable } from "../input-errors.ts";

/** The edit that adds lines at the end, where a pattern wins over those before it. */
export function addIgnores(repo: Repository, lines: readonly string[]): FileEdit {
  const path = join(repo.root, ".gitignore");
  const before = readOrEmpty(path);
  const start = before === "" || before.endsWith("\n") ? before : `${before}\n`;
  return { path, before, after: `${start}${lines.join("\n")}\n` };
}

/** What lies behind a symbolic link or in a submodule never comes into a repository; git refuses to be asked about it. */
const ELSEWHERE = /beyond a symbolic link|in submodule/;

/** Returns those of `paths`, seen from the root, that git would take in. Throws InputUnreadable. */
export function listNotIgnored(repo: Repository, paths: readonly string[]): readonly string[] {
  if (paths.length === 0) return [];
  const asked = paths.map((path) => `${repo.up}${path}`);
  const { code, out } = repo.git("-c", "core.quotePath=false", "check-ignore", "--no-index", "--", ...asked);
  if (code > 1 && ELSEWHERE.test(out)) {
    return paths.length === 1 ? [] : paths.flatMap((path) => listNotIgnored(repo, [path]));
  }
  if (code !== 0 && code !== 1) throw new InputUnreadable(repo.root, `git check-ignore fails: ${out.trim()}`);
  const ignored = new Set(code === 0 ? out.split("\n") : []);
  return paths.filter((path) => !ignored.has(`${repo.up}${path}`));
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

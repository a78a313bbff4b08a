/** Lines to add to `.gitignore`: what stands there stays as it is. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { FileEdit } from "../check.ts";
import type { Repository } from "../deployment/repository.ts";

/** The edit that adds lines at the end, where a pattern wins over those before it. */
export function addIgnores(repo: Repository, lines: readonly string[]): FileEdit {
  const path = join(repo.path, ".gitignore");
  const before = readOrEmpty(path);
  const start = before === "" || before.endsWith("\n") ? before : `${before}\n`;
  return { path, before, after: `${start}${lines.join("\n")}\n` };
}

/** Returns those of `paths`, seen from the repository, that git would take in. */
export function listNotIgnored(repo: Repository, paths: readonly string[]): readonly string[] {
  if (paths.length === 0) return [];
  const { code, out } = repo.git("-c", "core.quotePath=false", "check-ignore", "--no-index", "--", ...paths);
  // What lies behind a symbolic link never comes into a repository; git refuses to be asked about it.
  if (code > 1) return paths.length === 1 ? [] : paths.flatMap((path) => listNotIgnored(repo, [path]));
  const ignored = new Set(code === 0 ? out.split("\n") : []);
  return paths.filter((path) => !ignored.has(path));
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

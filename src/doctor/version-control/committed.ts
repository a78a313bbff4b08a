/** What git has: tracked now, or added by any commit of any branch, among files of given names. */
import type { Repository } from "../deployment/repository.ts";

/** A file with the commit that added it; `commit` is undefined for what is tracked now. */
export type Committed = { readonly path: string; readonly commit: string | undefined };

/** Judges a file by its path and the beginning of its text. */
export type IsOne = (path: string, read: () => string) => boolean;

/** Names that match are many in a repository that committed its data: so many are looked at. */
const MAX_COMMITS = 500;
const MAX_FOUND = 20;
const HEAD_CHARACTERS = 65_536;

/** Names of tracked files that match. */
export function listNames(repo: Repository, pathspecs: readonly string[]): readonly string[] {
  const { out } = repo.git("ls-files", "-z", "--full-name", "--", ...pathspecs);
  return out.split("\0").filter((path) => path !== "");
}

/** Files that are tracked now and that `isOne` takes for one, 20 at most. */
export function listTracked(repo: Repository, pathspecs: readonly string[], isOne: IsOne): readonly Committed[] {
  const files = listNames(repo, pathspecs).map((path) => ({ path, commit: undefined }));
  return keep(repo, files, isOne);
}

/** Files that a commit added and that are not tracked any more, each with its first commit, 20 at most. */
export function listRemoved(repo: Repository, pathspecs: readonly string[], isOne: IsOne): readonly Committed[] {
  // A rename counts as an addition; a side branch that deleted the file again is followed, too.
  const how = ["--all", "--full-history", "-m", "--diff-filter=A", "--no-renames", `--max-count=${MAX_COMMITS}`];
  const { out } = repo.git("log", ...how, "--name-only", "-z", "--format=%x01%H", "--", ...pathspecs);
  const tracked = new Set(listNames(repo, pathspecs));
  const firstOf = new Map<string, string>();
  let commit = "";
  for (const field of out.split("\0").flatMap((text) => text.split("\n"))) {
    if (field.startsWith("\u0001")) commit = field.slice(1);
    else if (field !== "" && !tracked.has(field)) firstOf.set(field, commit);
  }
  return keep(
    repo,
    [...firstOf].map(([path, first]) => ({ path, commit: first })),
    isOne,
  );
}

function keep(repo: Repository, files: readonly Committed[], isOne: IsOne): readonly Committed[] {
  const found: Committed[] = [];
  for (const file of files) {
    if (found.length === MAX_FOUND) break;
    const read = (): string => repo.git("show", `${file.commit ?? ""}:${file.path}`).out.slice(0, HEAD_CHARACTERS);
    if (isOne(file.path, read)) found.push(file);
  }
  return found;
}

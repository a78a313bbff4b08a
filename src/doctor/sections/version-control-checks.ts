/** Section 6: that neither data nor a secret gets into the repository, is in it, or ever was. */
import { readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { type Check, type Evidence, type Finding, fail, pass, type Remedy, skip } from "../check.ts";
import type { ComposeProject } from "../deployment/compose-project.ts";
import type { Given } from "../inputs.ts";
import { type Committed, type IsOne, listNames, listRemoved, listTracked } from "../version-control/committed.ts";
import { dataFoldersOf, insideOf, mayRead } from "../version-control/data-folders.ts";
import { isData, isSecret, LISTED_FILES, OTHER_FILES, pathspecsOf } from "../version-control/data-names.ts";
import { addIgnores, listNotIgnored } from "../version-control/gitignore-edit.ts";

const OPENS = "version-control.repository-opens";
const IGNORE_MORE = "Add a line to .gitignore for what is named; for the data directory the line data/ is enough.";
const MAX_SHOWN = 12;
/** In place of a file that may not even be read: it counts as a secret. */
const UNREADABLE = "SECRET= -----BEGIN PRIVATE KEY-----";
/** What an event log has in each line. */
const EVENT_FIELDS = '"visitor_id" "received_at"';
/** Lines of the log, in whatever order its fields stand. */
const EVENT_LINE = '^\\{.*"(visitor_id":.*"received_at|received_at":.*"visitor_id)":';

async function judgeIgnored(given: Given, names: readonly string[]): Promise<Finding> {
  const repo = await given.need("repo");
  const folders = await dataFoldersOf(given);
  const below = (some: readonly string[]): readonly string[] =>
    folders.flatMap((folder) => some.map((name) => `${folder}/${name}`));
  const paths = new Set(below(names));
  // All are asked for at once, for both checks.
  const open = listNotIgnored(repo, below([...LISTED_FILES, ...OTHER_FILES])).filter((path) => paths.has(path));
  if (open.length === 0) {
    return pass({ what: "git check-ignore", found: `${paths.size} names are ignored in ${folders.join(", ")}` });
  }
  const bare = folders.filter((folder) => open.some((path) => path.startsWith(`${folder}/`)));
  const lines = bare.map((folder) => `/${folder}/`);
  return fail(listed(open, "git check-ignore", "is not ignored", join(repo.root, ".gitignore")), {
    text: `Ignore the whole data directory: add ${lines.join(" and ")} to .gitignore.`,
    edits: [addIgnores(repo, ["", "# What the collector keeps stays where it was collected.", ...lines])],
  });
}

async function checkSecretsIgnored(given: Given): Promise<Finding> {
  const repo = await given.need("repo");
  const compose = await mayRead(given, "compose");
  const used = [given.options.env, ...(compose === undefined ? [] : secretFilesOf(compose))];
  const inside = used.flatMap((path) => (path === undefined ? [] : (insideOf(repo.root, resolve(path)) ?? [])));
  const paths = [...new Set([`${insideOf(repo.root, join(repo.path, ".env"))}`, ...inside])];
  // One that is tracked is the matter of another check: it may be there on purpose.
  const tracked = new Set(listNames(repo, pathspecsOf(await dataFoldersOf(given))));
  const open = listNotIgnored(
    repo,
    paths.filter((path) => !tracked.has(path)),
  );
  if (open.length === 0) return pass({ what: "git check-ignore", found: `ignored: ${paths.join(", ")}` });
  return fail(listed(open, "git check-ignore", "is not ignored", join(repo.root, ".gitignore")), {
    text: IGNORE_MORE,
    edits: [
      addIgnores(
        repo,
        open.map((path) => `/${path}`),
      ),
    ],
  });
}

function secretFilesOf(compose: ComposeProject): readonly string[] {
  const secrets = compose.valueAt(["secrets"]);
  const files = typeof secrets === "object" && secrets !== null ? Object.values(secrets) : [];
  return files.flatMap((secret: unknown) => {
    const file = typeof secret === "object" && secret !== null && "file" in secret ? String(secret.file) : undefined;
    const path = file === undefined ? undefined : resolve(compose.path, "..", file);
    return path === undefined || isPublic(path) ? [] : [path];
  });
}

/** A chain of certificates goes to everybody who connects; told by what is in it, or by its name where it is not there yet. */
function isPublic(path: string): boolean {
  const text = readOr(path, "");
  return text === ""
    ? /chain|^cert|\.crt$/i.test(basename(path))
    : /BEGIN CERTIFICATE/.test(text) && !/PRIVATE KEY/.test(text);
}

async function judgeTracked(given: Given, isOne: IsOne): Promise<Finding> {
  const repo = await given.need("repo");
  const found = listTracked(repo, pathspecsOf(await dataFoldersOf(given)), isOne);
  if (found.length === 0) return pass({ what: "git ls-files", found: "no such file is tracked" });
  return fail(
    found.slice(0, MAX_SHOWN).map(({ path }) => ({ what: "git ls-files", found: path, where: repo.root })),
    purge(found),
  );
}

async function checkHistory(given: Given): Promise<Finding> {
  const repo = await given.need("repo");
  const isEither: IsOne = (path, read) => isData(path, read) || isSecret(path, read);
  const found = listRemoved(repo, pathspecsOf(await dataFoldersOf(given)), isEither);
  if (found.length > 0) {
    const seen = found.slice(0, MAX_SHOWN);
    return fail(
      seen.map(({ path, commit = "" }) => ({ what: "git log --all", found: path, where: commit.slice(0, 12) })),
      purge(found),
    );
  }
  if (!repo.isWhole) return skip("this clone is shallow: git fetch --unshallow brings the older commits");
  return pass({ what: "git log --all", found: "no commit added such a file" });
}

/** How to get files out of every commit; what was in them is known to whoever has a copy. */
function purge(found: readonly Committed[]): Remedy {
  const paths = found.map(({ path }) => `--path '${path.replaceAll("'", "'\\''")}'`).join(" ");
  return {
    text:
      "Take the files out of every commit, in a fresh clone, and push that with force. Whoever has an old clone still has them: " +
      "make new keys (passerby key), certificates and passwords where one was in it; salts of more than two days ago are of no use any more.",
    commands: [`git filter-repo --invert-paths ${paths}`],
  };
}

async function checkElsewhere(given: Given): Promise<Finding> {
  const repo = await given.need("repo");
  const named = new Set(listNames(repo, pathspecsOf(await dataFoldersOf(given))));
  const texts = [".jsonl", ".ndjson", ".log", ".txt"].map((ending) => `:(top,glob)**/*${ending}`);
  const { code, out } = repo.git("grep", "--cached", "--full-name", "-lzE", "-e", EVENT_LINE, "--", ...texts);
  const files = code === 0 ? out.split("\0").filter((path) => path !== "" && !named.has(path)) : [];
  if (files.length === 0) return pass({ what: "git grep", found: "no tracked text has a line of the log" });
  return fail(
    files.slice(0, MAX_SHOWN).map((path) => ({ what: "lines of the log", found: path, where: repo.root })),
    purge(files.map((path) => ({ path, commit: undefined }))),
  );
}

async function checkStatus(given: Given): Promise<Finding> {
  const repo = await given.need("repo");
  const how = ["status", "--porcelain", "-z", "--ignored=no", "--untracked-files=all"];
  const shown = repo.git(...how, "--", ...pathspecsOf(await dataFoldersOf(given))).out.split("\0");
  const named = shown.filter((line) => line.startsWith("?? ")).map((line) => line.slice(3));
  // An event log is one whatever is in it yet; a certificate is no secret.
  const untracked = named.filter(
    (path) => isData(path, () => EVENT_FIELDS) || isSecret(path, () => readOr(join(repo.root, path), UNREADABLE)),
  );
  if (untracked.length === 0) return pass({ what: "git status", found: "shows no data and no secret" });
  return fail(listed(untracked, "git status", "is neither ignored nor tracked", repo.root), {
    text: "Move these files out of the repository, or ignore them: the next git add . would take them.",
    edits: [
      addIgnores(
        repo,
        untracked.map((path) => `/${path}`),
      ),
    ],
  });
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}

function listed(paths: readonly string[], what: string, is: string, where: string): readonly Evidence[] {
  const more = paths.length > MAX_SHOWN ? ` and ${paths.length - MAX_SHOWN} more` : "";
  return [{ what, found: `${is}: ${paths.slice(0, MAX_SHOWN).join(", ")}${more}`, where }];
}

export const VERSION_CONTROL_CHECKS: readonly Check[] = [
  {
    id: "version-control.patterns",
    line: "6.1",
    severity: "high",
    asks: "The event log is ignored by git, compressed and old files as well",
    how: "Asks git check-ignore about names of the log in each data directory inside the repository.",
    remedy: IGNORE_MORE,
    needs: ["repo"],
    may: ["compose", "settings"],
    after: [OPENS],
    run: (given) => judgeIgnored(given, LISTED_FILES),
  },
  {
    id: "version-control.data-directory-ignored",
    line: "6.1",
    severity: "high",
    asks: "Every other file of the data directory is ignored by git: salts, keys, sessions, store, records",
    how: "Asks git check-ignore about one of each file that a collector makes, in each data directory inside the repository.",
    remedy: IGNORE_MORE,
    needs: ["repo"],
    may: ["compose", "settings"],
    after: [OPENS, "version-control.patterns"],
    run: (given) => judgeIgnored(given, OTHER_FILES),
  },
  {
    id: "version-control.secrets-ignored",
    line: "6.1",
    severity: "high",
    asks: "Files of variables and the keys that the deployment uses are ignored by git",
    how: "Asks git check-ignore about .env, the file of --env, and the secrets that the compose file names, as far as they lie in the repository.",
    remedy: "Add a line for each of them to .gitignore.",
    needs: ["repo"],
    may: ["compose", "settings"],
    after: [OPENS],
    run: checkSecretsIgnored,
  },
  {
    id: "version-control.data-tracked",
    line: "6.2",
    severity: "critical",
    asks: "No file of a data directory is tracked",
    how: "Asks git ls-files for their names; a metrics.jsonl that has no events of ours is somebody else's.",
    remedy: "Take the files out of every commit with git filter-repo, and ignore them.",
    needs: ["repo"],
    may: ["compose", "settings"],
    after: [OPENS],
    run: (given) => judgeTracked(given, isData),
  },
  {
    id: "version-control.secrets-tracked",
    line: "6.2",
    severity: "critical",
    asks: "No private key and no file of secret variables is tracked",
    how: "Asks git ls-files for .env, *.pem and *.key, and looks into them: a certificate is none, nor are variables that a bundle makes public (VITE_…).",
    remedy: "Make new keys, then take the files out of every commit with git filter-repo.",
    needs: ["repo"],
    may: ["compose", "settings"],
    after: [OPENS],
    run: (given) => judgeTracked(given, isSecret),
  },
  {
    id: "version-control.history",
    line: "6.2",
    severity: "critical",
    asks: "No commit of any branch ever added data or a secret that is gone since",
    how: "Asks git log --all for added files of these names, the newest 500 commits that have one.",
    remedy: "Take the files out of every commit with git filter-repo, and make new what leaked.",
    needs: ["repo"],
    may: ["compose", "settings"],
    after: [OPENS],
    run: checkHistory,
  },
  {
    id: "version-control.events-elsewhere",
    line: "6.2",
    severity: "critical",
    asks: "No tracked file of another name holds events",
    how: "Searches tracked .jsonl, .ndjson, .log and .txt files for lines with visitor_id and received_at.",
    remedy: "Take the file out of every commit with git filter-repo.",
    needs: ["repo"],
    may: ["compose", "settings"],
    after: [OPENS],
    run: checkElsewhere,
  },
  {
    id: "version-control.status",
    line: "6.3",
    severity: "high",
    asks: "git status shows no data and no secret",
    how: "Asks git status for untracked files of these names, in every folder.",
    remedy: "Ignore them or move them out of the repository.",
    needs: ["repo"],
    may: ["compose", "settings"],
    after: [
      OPENS,
      "version-control.patterns",
      "version-control.data-directory-ignored",
      "version-control.secrets-ignored",
    ],
    run: checkStatus,
  },
];

/** Names of what must never be in a repository: the files of a data directory (docs/reference/files.md) and secrets. */

/** What the checklist has patterns for. */
export const LISTED_FILES: readonly string[] = ["", ".gz", ".old"].flatMap((ending) =>
  ["metrics.jsonl", "metrics-2026-11-23.1.jsonl"].map((name) => `${name}${ending}`),
);

/** One of each other file that lies in a data directory; a test holds the list against the reference page. */
export const OTHER_FILES: readonly string[] = [
  ...["salt-2026-11-23", "salt-record.jsonl", "keys.json", "sessions.json"],
  ...["metrics.w2.jsonl", "metrics-2026-11-23.w2.1.jsonl", "metrics-2026-11-23.1.jsonl.zst", "metrics-torn-1.jsonl"],
  ...["metrics-import-1-1.jsonl", "metrics-import-1.json", "manifest.json", "repairs.jsonl", "rotator.json"],
  ...["rotation-pause.json"],
  ...["store.duckdb", "store.duckdb.wal", "store.duckdb.tmp", "store-set-aside-1.duckdb", "store-copy.tmp"],
  ...["store-replay.duckdb", "store-replay.duckdb.wal", "store-renewed.duckdb", "store-renewed.duckdb.wal"],
  ...["erase-1.json", "erase-1.ids", "erasure-2026-11-23-1.json", ".restore/metrics-2026-11-23.1.jsonl"],
  ...["ledger-2026-11-23.jsonl", "ledger-2026-11-23.w2.jsonl"],
  ...["dedup-ids.bin", "dedup-ids.w2.bin", "control.json", "control-audit.jsonl"],
  ...["collector.sock", "rotator.sock", "rotation.sock", ".main.sock", ".worker-1.sock", ".collector-1.sock"],
  ...[".shards-1.sock", ".rotation-1.sock", "1.tmp", "1.tmp.gz", "1.tmp.zst"],
];

/** Patterns of git (glob) for names that are data in whatever folder they lie. */
const DATA_ANYWHERE: readonly string[] = [
  ...["", ".gz", ".zst", ".old"].map((ending) => `metrics*.jsonl${ending}`),
  ...["salt-20[0-9][0-9]-*", "salt-record.jsonl", "ledger-20[0-9][0-9]-*.jsonl", "dedup-ids*.bin"],
  ...["store*.duckdb", "store*.duckdb.wal", "control-audit.jsonl", "erase-*.ids", "metrics-import-*.json"],
];

/** Names that only a data directory makes ours: elsewhere they are anybody's. */
const DATA_IN_FOLDER: readonly string[] = ["keys.json", "sessions.json", "rotator.json"];

const SECRETS: readonly string[] = [
  ".env",
  ".env.local",
  ".env.*.local",
  ".env.bak-*",
  "privkey*.pem",
  "*.pem",
  "*.key",
];

/**
 * Path specifications of git for all of these, so that it has to be asked once; `folders` are the data directories, seen from
 * the root of the repository. What a file is, isData() and isSecret() tell.
 */
export function pathspecsOf(folders: readonly string[]): readonly string[] {
  const inFolders = folders.flatMap((folder) => DATA_IN_FOLDER.map((name) => `:(top,glob)${folder}/${name}`));
  return [...DATA_ANYWHERE.map(anywhere), ...inFolders, ...SECRETS.map(anywhere)];
}

function anywhere(name: string): string {
  return `:(top,glob)**/${name}`;
}

/** Names that only their text makes a secret. */
const SECRET_NAME = /\.(pem|key)$|(^|\/)\.env(\.[^/]*)?$/;

/** The text of a file, read when its name alone does not tell. */
type ReadText = () => string;

/** True for a file of these names that is data; an event log is ours when a line of it has what no other format has. */
export function isData(path: string, read: ReadText): boolean {
  if (SECRET_NAME.test(path)) return false;
  if (!/metrics[^/]*\.jsonl$/.test(path)) return true;
  const text = read();
  return /"visitor_id"/.test(text) && /"received_at"/.test(text);
}

/** Variables that go into a bundle for everybody to read are no secret. */
const PUBLIC_VARIABLE = /^(VITE_|NEXT_PUBLIC_|PUBLIC_|REACT_APP_|NODE_ENV=)/;

/** True for a file of these names that has a private key, or variables that are not made public anyway. */
export function isSecret(path: string, read: ReadText): boolean {
  if (!SECRET_NAME.test(path)) return false;
  const text = read();
  if (/\.(pem|key)$/.test(path)) return /PRIVATE KEY-----/.test(text);
  const variables = text.split("\n").filter((line) => /^\s*(export\s+)?\w+\s*=/.test(line));
  return variables.some((line) => !PUBLIC_VARIABLE.test(line.replace(/^\s*(export\s+)?/, "")));
}

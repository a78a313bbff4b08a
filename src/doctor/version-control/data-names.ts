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

/** Path specifications of git for data; `folders` are the data directories, seen from the root of the repository. */
export function dataPathspecs(folders: readonly string[]): readonly string[] {
  const inFolders = folders.flatMap((folder) => DATA_IN_FOLDER.map((name) => `:(top,glob)${folder}/${name}`));
  return [...DATA_ANYWHERE.map(anywhere), ...inFolders];
}

/** Path specifications of git for files that may hold secrets; isSecret() tells by what is in them. */
export const SECRET_PATHSPECS: readonly string[] = SECRETS.map(anywhere);

function anywhere(name: string): string {
  return `:(top,glob)**/${name}`;
}

/** True when an event of ours is in a text: both names are in each line of the log, in no other format that we know of. */
export function isData(path: string, text: string): boolean {
  if (!/metrics[^/]*\.jsonl$/.test(path)) return true;
  return /"visitor_id"/.test(text) && /"received_at"/.test(text);
}

/** Variables that go into a bundle for everybody to read are no secret. */
const PUBLIC_VARIABLE = /^(VITE_|NEXT_PUBLIC_|PUBLIC_|REACT_APP_|NODE_ENV=)/;

/** True when a file has a private key, or variables that are not made public anyway. */
export function isSecret(path: string, text: string): boolean {
  if (/\.(pem|key)$/.test(path)) return /PRIVATE KEY-----/.test(text);
  const variables = text.split("\n").filter((line) => /^\s*(export\s+)?\w+\s*=/.test(line));
  return variables.some((line) => !PUBLIC_VARIABLE.test(line.replace(/^\s*(export\s+)?/, "")));
}

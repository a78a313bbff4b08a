/**
 * What a backup may hold, and how it is called there: an allow-list, so that a file that somebody adds to the data directory
 * (a salt, keys, sessions) is in no backup until it is named here.
 */
import { parseLogFileName } from "../../log/files/log-files.ts";

/** Name of the record of a backup, which is written last. */
export const RECORD_FILE = "backup.json";

/** What is copied besides the log: records of imports, the ledger, the brake and its changes, receipts of erasures. */
const SMALL_FILES = [
  /^metrics-import-[a-z0-9-]{1,40}\.json$/,
  /^ledger-\d{4}-\d{2}-\d{2}(?:\.w[1-9]\d{0,3})?\.jsonl$/,
  /^control\.json$/,
  /^control-audit\.jsonl$/,
  /^erasure-\d{4}-\d{2}-\d{2}-[\w-]{1,64}\.json$/,
] as const;
const COPY = /^([0-9a-f]{12})-(.+)$/;
const TEMPORARY = /^\.tmp-(.+)$/;
/** What replacing the record leaves when it is killed. */
const RECORD_LEFTOVER = /^backup\.json\.\d+\.tmp$/;
const HASH_DIGITS = 12;

/** Says whether a file of the data directory, other than one of the log, belongs into a backup. */
export function isSmallFile(name: string): boolean {
  return SMALL_FILES.some((pattern) => pattern.test(name));
}

/**
 * Returns what a file is called in a backup: the beginning of its content's SHA-256, then its own name. Another content has
 * another name, so that nothing that a finished backup is made of is ever overwritten.
 */
export function copyName(sha256: string, name: string): string {
  return `${sha256.slice(0, HASH_DIGITS)}-${name}`;
}

/** Returns the name that a copy's original has in the data directory; undefined for a file that is no copy of ours. */
export function originalName(file: string): string | undefined {
  const name = COPY.exec(file)?.[2];
  return name !== undefined && (parseLogFileName(name) !== undefined || isSmallFile(name)) ? name : undefined;
}

/** Returns the name that a copy has while it is made; its ending still says how it is compressed. */
export function temporaryName(file: string): string {
  return `.tmp-${file}`;
}

/** Says whether a backup left this file half done. */
export function isLeftover(file: string): boolean {
  const unfinished = TEMPORARY.exec(file)?.[1];
  return RECORD_LEFTOVER.test(file) || (unfinished !== undefined && originalName(unfinished) !== undefined);
}

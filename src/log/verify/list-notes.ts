/** Finds what stands in the data directory under a name like the log's and is no part of it. */
import type { Dirent } from "node:fs";
import { isJournalName } from "../erase/erase-journal.ts";
import { ERASE_AGAIN } from "../erase/settle-erasures.ts";
import { RESTORE_FOLDER } from "../files/half-restored.ts";
import { parseLogFileName } from "../files/log-files.ts";
import type { Note } from "./findings.ts";

/** Names that begin like those of the log's files and are known, too: quarantine, and what imports remember. */
const KNOWN = /^metrics-(?:torn-\d{4}-\d{2}-\d{2}-.+\.jsonl|import-[a-z0-9-]{1,40}\.json)$/;

/** Returns notes on the entries of a folder. */
export function listNotes(entries: readonly Dirent[]): readonly Note[] {
  return entries.flatMap((entry) => {
    const message = describe(entry);
    return message === undefined ? [] : [{ file: entry.name, message }];
  });
}

function describe(entry: Dirent): string | undefined {
  const { name } = entry;
  if (parseLogFileName(name) !== undefined) {
    if (entry.isFile()) return undefined;
    const what = entry.isSymbolicLink() ? "a symbolic link" : entry.isDirectory() ? "a folder" : "no regular file";
    return `is ${what} with a name of the log, and is not read`;
  }
  if (name === RESTORE_FOLDER)
    return "says that a restore is under way, or was killed: then finish it with passerby restore";
  if (isJournalName(name)) return `says that ${ERASE_AGAIN}, unless it is running now`;
  if (!name.startsWith("metrics") || KNOWN.test(name)) return undefined;
  if (name.endsWith(".tmp")) return "is a temporary file: of work that goes on, or left by a kill";
  return "is no name of the log, and is not read";
}

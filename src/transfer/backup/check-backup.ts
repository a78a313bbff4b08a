/** Reads every file of a finished backup and says which are not what they were when it was made. Changes nothing. */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describeError, PasserbyError } from "../../errors.ts";
import { type BackupRecord, readRecord } from "./backup-record.ts";
import { originalName } from "./copy-names.ts";
import { holds } from "./copy-shard.ts";
import { holdsBytes } from "./copy-small-files.ts";

/** One file of a backup, and how to tell whether a path holds what it should. */
export type CheckedFile = {
  /** Name in the backup. */
  readonly file: string;
  /** Name in a data directory. */
  readonly name: string;
  readonly bytes: number;
  readonly check: (path: string) => Promise<boolean>;
};

/** Reads the record of a backup that is to be there. Throws `backup_unusable` where none was finished. */
export function readFinished(folder: string): BackupRecord {
  const record = readRecord(folder);
  if (record !== undefined) return record;
  throw new PasserbyError("backup_unusable", `${folder} holds no finished backup: ${describeContent(folder)}`);
}

/** Lists the files of a backup, the log first. */
export function listCopies({ shards, files }: BackupRecord): readonly CheckedFile[] {
  const ofLog = [...shards.values()].map((copy) => ({
    file: copy.file,
    name: originalName(copy.file) ?? copy.shard,
    bytes: copy.fileBytes,
    check: (path: string) => holds(path, copy),
  }));
  const others = [...files.values()].map((copy) => ({
    ...{ file: copy.file, name: copy.name, bytes: copy.bytes },
    check: async (path: string) => holdsBytes(path, copy),
  }));
  return [...ofLog, ...others];
}

/** Returns what is wrong with a backup, a line a file; nothing for one that is whole. */
export async function checkBackup(
  folder: string,
  record: BackupRecord,
  onProgress: (share: number) => void,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const copies = listCopies(record);
  const total = copies.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const { file, bytes, check } of copies) {
    const problem = await findProblem(join(folder, file), check);
    if (problem !== undefined) problems.push(`${file} ${problem}`);
    done += bytes;
    onProgress(done / Math.max(total, 1));
  }
  return problems;
}

async function findProblem(path: string, check: CheckedFile["check"]): Promise<string | undefined> {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return "is missing";
  try {
    return (await check(path)) ? undefined : "is damaged: it does not hold what was copied";
  } catch (error) {
    return `cannot be read: ${describeError(error)}`;
  }
}

function describeContent(folder: string): string {
  try {
    const isBegun = readdirSync(folder).some((file) => originalName(file) !== undefined);
    return isBegun ? "one was begun, run passerby backup again to finish it" : "name the folder that was backed up to";
  } catch (error) {
    return describeError(error);
  }
}

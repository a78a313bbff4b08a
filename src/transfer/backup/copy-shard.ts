/** Copies one file of the log into a backup, and takes it for copied only when the copy was read back and is what it should be. */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { describeError, PasserbyError } from "../../errors.ts";
import type { LogFile } from "../../log/files/log-files.ts";
import type { ShardFacts } from "../../log/files/manifest.ts";
import { measureShard } from "../../log/read/measure-shard.ts";
import type { ShardCopy } from "./backup-record.ts";
import { copyName } from "./copy-names.ts";
import type { ShardToCopy } from "./plan-backup.ts";
import { isFolderFull, type OnStep, putCopy } from "./put-copy.ts";

export type CopyShardOptions = {
  readonly folder: string;
  readonly onStep: OnStep;
  /** The copy in the backup before. */
  readonly before: ShardCopy | undefined;
};

/** A copy, or why there is none. */
export type CopiedOrNot = { readonly copy: ShardCopy } | { readonly problem: string };

/** Copies a sealed shard in the form in which it is stored. Throws the system's error when the folder is full. */
export async function copyShard({ source, facts }: ShardToCopy, options: CopyShardOptions): Promise<CopiedOrNot> {
  try {
    const expected = facts ?? { ...(await measureShard(source.path)), generation: 0 };
    const { before } = options;
    if (before !== undefined && before.sha256 !== expected.sha256 && expected.generation <= before.generation) {
      return { problem: `${source.name} is another one than in the backup, and no erasure says why` };
    }
    const copy = await putShard(source, expected, options);
    if (copy !== undefined) return { copy };
    return { problem: `${source.name} does not hold what the manifest says: passerby verify shows the damage` };
  } catch (error) {
    if (isFolderFull(error)) throw error;
    return { problem: `${source.name} could not be copied: ${describeError(error)}` };
  }
}

/** As copyShard, for a file whose content is known; undefined where that cannot be read there. Throws the system's error. */
export async function putShard(
  source: LogFile,
  facts: ShardFacts,
  options: CopyShardOptions,
): Promise<ShardCopy | undefined> {
  const { folder, onStep } = options;
  const file = copyName(facts.sha256, source.name);
  const check = (path: string): Promise<boolean> => holds(path, facts);
  // A backup that was killed may have copied it already.
  if (
    !(await holds(join(folder, file), facts)) &&
    !(await putCopy({ folder, file, source: source.path, check, onStep }))
  ) {
    return undefined;
  }
  return { ...facts, shard: source.shard, file, fileBytes: lstatSync(join(folder, file)).size };
}

/** Says whether a file holds what the facts say; false for one that is not there or does not end. */
export async function holds(path: string, facts: Omit<ShardFacts, "generation">): Promise<boolean> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isFile()) return false;
  try {
    const { sha256, bytes } = await measureShard(path);
    return sha256 === facts.sha256 && bytes === facts.bytes;
  } catch (error) {
    if (error instanceof PasserbyError && error.code === "log_damaged") return false;
    throw error;
  }
}

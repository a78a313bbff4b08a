/**
 * Makes a backup of a data directory, beside a running collector or without one.
 *
 * Flow. The shards are claimed, so that nobody compresses, erases or deletes one → small files are copied → the newest events are
 * sealed → shards that are new or were rewritten are copied → `backup.json` is replaced → copies that it does not name are deleted.
 *
 * Invariants. A copy has its name only when it was read back, and no copy that the record names is overwritten or deleted.
 *
 * After a kill, at any moment. The record still says what the last finished backup consists of, and all of that is there. The next
 * backup takes over what was copied and deletes what was to be deleted.
 */
import { lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Clock, utcDay } from "../../clock.ts";
import { describeError } from "../../errors.ts";
import { settleErasures } from "../../log/erase/settle-erasures.ts";
import { syncFolder } from "../../log/files/durable-file.ts";
import { listLogFiles } from "../../log/files/log-files.ts";
import { type Manifest, readManifest } from "../../log/files/manifest.ts";
import { type BackupRecord, readRecord, type ShardCopy, type SmallCopy, writeRecord } from "./backup-record.ts";
import { copyActiveFile } from "./copy-active-file.ts";
import { isLeftover, originalName } from "./copy-names.ts";
import { type CopiedOrNot, copyShard } from "./copy-shard.ts";
import { copySmallFiles, holdsBytes, keptSmallFiles } from "./copy-small-files.ts";
import { type BackupPlan, planBackup, type ShardToCopy } from "./plan-backup.ts";
import { prepareFolder } from "./prepare-folder.ts";
import { isFolderFull, type OnStep } from "./put-copy.ts";
import { type Settled, settleNewest, waitForShards } from "./settle-newest.ts";

export type BackupOptions = {
  readonly dataDir: string;
  /** Where the backup is; made (0700) if it is missing. */
  readonly folder: string;
  readonly clock: Clock;
  /** Copies of shards that the source has lost are kept for so many days after their day. */
  readonly retentionDays: number;
  readonly toolVersion: string;
  readonly onWarning: (message: string) => void;
  /** Told the share of the bytes that are copied, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
  /** Told the name of each step; a test ends the process there. */
  readonly onStep?: OnStep;
};

export type BackupReport = {
  /** False when the folder is full: then the last finished backup is still what it was. */
  readonly finished: boolean;
  /** Files of the log that were copied now, those of them that had been rewritten, and their bytes. */
  readonly copied: number;
  readonly rewritten: number;
  readonly copiedBytes: number;
  /** Shards that were in the backup already. */
  readonly kept: number;
  /** Shards that were deleted from the backup because the source has deleted them. */
  readonly deleted: number;
  /** Lines in the backup, events or not. */
  readonly lines: number;
  readonly problems: readonly string[];
};

type Work = Required<BackupOptions> & { readonly record: BackupRecord | undefined; readonly problems: string[] };

/**
 * Makes or continues a backup. Problems with single files are reported and the others copied. Throws `backup_unusable` for
 * a folder that cannot hold a backup, `data_dir_unusable`, and `shards_owned` or `data_dir_owned` when others do not let go.
 */
export async function makeBackup(options: BackupOptions): Promise<BackupReport> {
  const { dataDir, folder, clock, onProgress = () => undefined, onStep = () => undefined } = options;
  prepareFolder(dataDir, folder);
  // From the first file on, so that two backups into one folder do not take each other's files away.
  const claim = await waitForShards(dataDir, clock);
  try {
    const record = readRecord(folder);
    // Of a shard that an erasure was killed at, the manifest is to say what is copied.
    await settleErasures(dataDir);
    return await copyInOrder({ ...options, onProgress, onStep, record, problems: [] });
  } finally {
    await claim.release();
  }
}

async function copyInOrder(work: Work): Promise<BackupReport> {
  const { folder, onStep, problems } = work;
  try {
    removeFiles(folder, isLeftover);
    const files = await copySmallFiles({ ...work, onProblem: (problem) => problems.push(problem) });
    const settled = await settleNewest(work);
    onStep("settled");
    return await copyLog(work, { files, settled });
  } catch (error) {
    if (!isFolderFull(error)) throw error;
    const problem = `${folder}: ${describeError(error)}; make room and run it again, the last finished backup is unchanged`;
    return { ...NOTHING, finished: false, problems: [...problems, problem] };
  }
}

const NOTHING = { copied: 0, rewritten: 0, copiedBytes: 0, kept: 0, deleted: 0, lines: 0 };

type Frozen = { readonly files: ReadonlyMap<string, SmallCopy>; readonly settled: Settled };

async function copyLog(work: Work, { files, settled }: Frozen): Promise<BackupReport> {
  const { dataDir, folder, record, clock, problems } = work;
  const manifest = readManifest(dataDir);
  const keepFromDay = utcDay(clock.now() - work.retentionDays * 86_400_000);
  const all = await listLogFiles(dataDir);
  const sources = settled.kind === "open" ? all : all.filter(({ kind }) => kind !== "active");
  const plan = planBackup({ sources, manifest, record, keepFromDay, isThere: (copy) => isThere(folder, copy) });
  const copied = await copyAll(work, plan, settled);
  const lost = plan.lost.filter((copy) => isThere(folder, copy));
  if (plan.lost.length > 0) problems.push(describeLoss(plan.lost, lost.length));
  const shards = new Map([...plan.keep, ...copied, ...lost].map((copy) => [copy.shard, copy]));
  const oldFiles = keptSmallFiles(record, shards.keys(), keepFromDay).filter((copy) =>
    holdsBytes(join(folder, copy.file), copy),
  );
  const small = new Map([...oldFiles.map((copy) => [copy.name, copy] as const), ...files]);
  finish(work, { shards, files: small, manifest });
  const added = copied.filter(({ shard, file }) => record?.shards.get(shard)?.file !== file);
  return {
    finished: true,
    copied: added.length,
    rewritten: added.filter(
      ({ shard, generation }) => generation > (record?.shards.get(shard)?.generation ?? generation),
    ).length,
    copiedBytes: added.reduce((sum, { fileBytes }) => sum + fileBytes, 0),
    kept: plan.keep.length + copied.length - added.length,
    deleted: plan.drop.length,
    lines: [...shards.values()].reduce((sum, { lines }) => sum + lines, 0),
    problems,
  };
}

function isThere(folder: string, { file, fileBytes }: ShardCopy): boolean {
  return lstatSync(join(folder, file), { throwIfNoEntry: false })?.size === fileBytes;
}

/** Copies what is new; of a shard that could not be copied, the copy of the backup before stays. */
async function copyAll(work: Work, plan: BackupPlan, settled: Settled): Promise<readonly ShardCopy[]> {
  const { folder, record, onStep, onProgress, problems } = work;
  const copies: ShardCopy[] = [];
  const total = plan.copy.reduce((sum, { source }) => sum + source.bytes, 0);
  let done = 0;
  for (const item of plan.copy) {
    const before = record?.shards.get(item.source.shard);
    const result = await copyOne(item, { folder, onStep, before }, settled);
    if (result !== undefined && "copy" in result) copies.push(result.copy);
    if (result !== undefined && "problem" in result) {
      problems.push(result.problem);
      if (before !== undefined && isThere(folder, before)) copies.push(before);
    }
    done += item.source.bytes;
    onProgress(done / Math.max(total, 1));
  }
  return copies;
}

function copyOne(
  item: ShardToCopy,
  options: Parameters<typeof copyShard>[1],
  settled: Settled,
): Promise<CopiedOrNot | undefined> {
  if (item.source.kind !== "active") return copyShard(item, options);
  const acknowledged = settled.kind === "open" ? settled.acknowledgedBytes(item.source.name) : undefined;
  return copyActiveFile(item.source, acknowledged, options);
}

type Finished = Pick<BackupRecord, "shards" | "files"> & { readonly manifest: Manifest };

function finish(work: Work, { shards, files, manifest }: Finished): void {
  const { folder, clock, toolVersion, onStep } = work;
  const finishedAt = new Date(clock.now()).toISOString();
  onStep("before the record");
  writeRecord(folder, { finishedAt, toolVersion, shards, files, lastNumbers: manifest.lastNumbers });
  onStep("after the record");
  const named = new Set([...shards.values(), ...files.values()].map(({ file }) => file));
  removeFiles(folder, (file) => originalName(file) !== undefined && !named.has(file), onStep);
}

function removeFiles(folder: string, isToGo: (file: string) => boolean, onStep: OnStep = () => undefined): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isFile() || !isToGo(entry.name)) continue;
    rmSync(join(folder, entry.name), { force: true });
    onStep(`${entry.name} deleted`);
  }
  syncFolder(folder);
}

function describeLoss(lost: readonly ShardCopy[], kept: number): string {
  const names = lost.slice(0, 3).map(({ shard }) => shard);
  const others = lost.length > names.length ? ` and ${lost.length - names.length} more` : "";
  return `${names.join(", ")}${others}: gone from the data directory, though nobody has deleted it; ${kept} of ${lost.length} kept in the backup`;
}

/**
 * Brings a backup into an empty data directory. Everything is copied into `.restore` and read back there before the first
 * file gets its name, the manifest last; killed at any moment, the same command begins anew. No salt is in a backup, so the
 * next start makes one, and who comes back on that day counts as somebody new.
 */
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import { describeError, PasserbyError } from "../../errors.ts";
import { syncFolder } from "../../log/files/durable-file.ts";
import { isHalfRestored, RESTORE_FOLDER } from "../../log/files/half-restored.ts";
import { parseLogFileName } from "../../log/files/log-files.ts";
import { MANIFEST_FILE, type ShardFacts, writeManifest } from "../../log/files/manifest.ts";
import { OWNER_SOCKET, SHARDS_SOCKET } from "../../log/owner/control-channel.ts";
import { claimDataDir, claimShards, prepareDataDir } from "../../log/owner/ownership.ts";
import type { BackupRecord } from "./backup-record.ts";
import { type CheckedFile, listCopies, readFinished } from "./check-backup.ts";
import { isFolderFull, type OnStep, putCopy } from "./put-copy.ts";

export type RestoreOptions = {
  readonly folder: string;
  readonly dataDir: string;
  readonly clock: Clock;
  /** Told the share of the bytes that are copied, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
  /** Told the name of each step; a test ends the process there. */
  readonly onStep?: OnStep;
};

export type RestoreReport = {
  /** Files of the log, lines in them, and other files; nothing was restored where there are problems. */
  readonly shards: number;
  readonly lines: number;
  readonly files: number;
  /** When the backup was finished, ISO 8601, UTC. */
  readonly finishedAt: string;
  readonly problems: readonly string[];
};

const SOCKETS = [OWNER_SOCKET, SHARDS_SOCKET];

/**
 * Restores the last finished backup of a folder; a file that is damaged is reported, and then nothing is restored. Throws
 * `backup_unusable` where no backup was finished, `data_dir_unusable` for a data directory that holds something.
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreReport> {
  const { folder, dataDir, clock } = options;
  const record = readFinished(folder);
  prepareDataDir(dataDir);
  refuseFilled(dataDir, record);
  const owner = await claimDataDir(dataDir, clock, { isRestoring: true });
  try {
    const shards = await claimShards(dataDir, clock, { isRestoring: true });
    try {
      return await restore(options, record);
    } finally {
      await shards.release();
    }
  } finally {
    await owner.release();
  }
}

async function restore(options: RestoreOptions, record: BackupRecord): Promise<RestoreReport> {
  const { dataDir, onStep = () => undefined } = options;
  const staging = join(dataDir, RESTORE_FOLDER);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { mode: 0o700 });
  syncFolder(dataDir);
  onStep("begun");
  const problems = await stage(options, staging, listCopies(record));
  const lines = [...record.shards.values()].reduce((sum, copy) => sum + copy.lines, 0);
  const report = {
    lines,
    shards: record.shards.size,
    files: record.files.size,
    finishedAt: record.finishedAt,
    problems,
  };
  if (problems.length > 0) {
    rmSync(staging, { recursive: true });
    return report;
  }
  writeManifest(staging, {
    shards: new Map(
      [...record.shards].filter(([shard]) => isSealed(shard)).map(([shard, copy]) => [shard, factsOf(copy)]),
    ),
    lastNumbers: record.lastNumbers,
  });
  for (const name of [...readdirSync(staging).filter((file) => file !== MANIFEST_FILE), MANIFEST_FILE]) {
    onStep(`before ${name}`);
    renameSync(join(staging, name), join(dataDir, name));
  }
  syncFolder(dataDir);
  onStep("published");
  rmSync(staging, { recursive: true });
  syncFolder(dataDir);
  return report;
}

async function stage(
  { folder, onProgress = () => undefined, onStep = () => undefined }: RestoreOptions,
  staging: string,
  copies: readonly CheckedFile[],
): Promise<readonly string[]> {
  const problems: string[] = [];
  const total = copies.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const { file, name, bytes, check } of copies) {
    try {
      const isWhole = await putCopy({ folder: staging, file: name, source: join(folder, file), check, onStep });
      if (!isWhole) problems.push(`${file} is damaged: it does not hold what was copied`);
    } catch (error) {
      problems.push(`${file} could not be copied: ${describeError(error)}`);
      if (isFolderFull(error)) break;
    }
    done += bytes;
    onProgress(done / Math.max(total, 1));
  }
  return problems;
}

function isSealed(shard: string): boolean {
  return parseLogFileName(shard)?.kind !== "active";
}

function factsOf({ sha256, bytes, lines, first, generation }: ShardFacts): ShardFacts {
  return { sha256, bytes, lines, first, generation };
}

/** What a restore that was killed has published is the backup's own, and is put there again. */
function refuseFilled(dataDir: string, record: BackupRecord): void {
  const isBegun = isHalfRestored(dataDir);
  const own = new Set([...listCopies(record).map(({ name }) => name), MANIFEST_FILE, RESTORE_FOLDER]);
  const foreign = readdirSync(dataDir).filter((name) => !SOCKETS.includes(name) && !(isBegun && own.has(name)));
  if (foreign.length === 0) return;
  const message = `${dataDir} holds ${foreign[0]}: a backup is restored only into an empty or missing folder (--data-dir)`;
  throw new PasserbyError("data_dir_unusable", message);
}

/**
 * Builds the whole store anew from the log, in a file of its own beside the store's (`store-replay.duckdb`), and puts it
 * in the store's place as a whole. Killed anywhere, the old store is untouched or the new one is in its place; the next
 * run goes on from the checkpoints that the new file has.
 */
import { renameSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { syncFolder } from "../replace-file.ts";
import { type BatchSize, ROW_GROUP } from "./batch.ts";
import { type Database, isDamage, openDatabase, removeBeside, removeDatabase, unavailable } from "./duckdb.ts";
import type { Keeping } from "./kept.ts";
import { addCounts, type LineCounts, NO_LINES } from "./line-counts.ts";
import { Loader, type LoadProgress, LogRewrittenError, LogShrunkError } from "./load.ts";
import { STORE_FILE } from "./store-file.ts";

/** Name of the file in which a store is built. */
export const REPLAY_FILE = "store-replay.duckdb";

/**
 * Name of the file in which an erasure has it built. Another one, since nobody may go on from what a killed replay has: it may
 * hold what was erased meanwhile.
 */
export const RENEWED_FILE = "store-renewed.duckdb";

const MIB = 1_048_576;

/** With it, a process that replays stays below 1 GiB (bench/replay.ts): two batches are in memory, in several forms. */
const MEMORY_LIMIT_BYTES = 512 * MIB;

/**
 * Whoever asks a statement that one thread works on looks for work of its own meanwhile, in vain, and that took a third of
 * all CPU (perf; 14 µs an event, 9 without). Two batches at a time, each on the thread that asks, keep two cores at work.
 */
const THREADS = 1;

/** Read by one statement: nobody waits for the first event, and each statement is planned for 20 ms. */
const REPLAY_BATCH: BatchSize = { lines: ROW_GROUP, bytes: 100_663_296, readBytes: 100_663_296 };

/** What a rebuild found in the log. */
export type RebuildReport = LineCounts & {
  /** Events that an earlier run, which was ended, had loaded already; they are in `events`, too. */
  readonly resumed: number;
  /** Bytes of lines. */
  readonly bytes: number;
  readonly seconds: number;
};

export type RebuildOptions = {
  readonly dataDir: string;
  readonly clock: Pick<Clock, "now" | "monotonicMs">;
  /** Name of the file to build in; default REPLAY_FILE. */
  readonly file?: string;
  /** Default: everything is kept. */
  readonly keeping?: Keeping | null;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Default: REPLAY_BATCH. */
  readonly batch?: BatchSize;
  /** Ends the rebuild after the batch it is storing; it throws `store_unavailable` then. */
  readonly signal?: AbortSignal;
};

/**
 * Builds the new file up to what the log has when it is done, and closes it. Throws `store_unavailable`; what is built
 * stays for the next run.
 */
export async function buildStore(options: RebuildOptions): Promise<RebuildReport> {
  const { dataDir, clock, file = REPLAY_FILE } = options;
  const started = clock.monotonicMs();
  const built = await buildOnce(options).catch((error: unknown) => {
    if (!isUseless(error)) throw unavailable(error);
    removeDatabase(join(dataDir, file));
    return buildOnce(options);
  });
  return { ...built, seconds: (clock.monotonicMs() - started) / 1000 };
}

/**
 * Puts the built file in the store's place. For who owns the data directory and has the store closed. A store's
 * write-ahead log goes first: what it loses was in the log, the new file must not be taken for the one it belongs to.
 */
export function installStore(dataDir: string, file: string = REPLAY_FILE): void {
  const store = join(dataDir, STORE_FILE);
  removeBeside(store);
  syncFolder(dataDir);
  renameSync(join(dataDir, file), store);
  syncFolder(dataDir);
}

async function buildOnce(options: RebuildOptions): Promise<Omit<RebuildReport, "seconds">> {
  const database = await openReplay(options);
  try {
    return await loadAll(database, options);
  } finally {
    database.close();
  }
}

async function openReplay({ dataDir, clock, file = REPLAY_FILE }: RebuildOptions): Promise<Database> {
  return openDatabase({
    path: join(dataDir, file),
    memoryLimitBytes: MEMORY_LIMIT_BYTES,
    threads: THREADS,
    now: clock.now,
    isDisposable: true,
    onWarning: () => {},
  });
}

async function loadAll(database: Database, options: RebuildOptions): Promise<Omit<RebuildReport, "seconds">> {
  const { dataDir, signal } = options;
  const writers = [database.writer, await database.connect()];
  let bytes = 0;
  const loader = new Loader({
    dataDir,
    keeping: options.keeping ?? null,
    writers,
    batch: options.batch ?? REPLAY_BATCH,
    onProgress: (progress) => {
      bytes = progress.bytes;
      options.onProgress?.(progress);
    },
  });
  const stop = (): void => loader.stop();
  signal?.addEventListener("abort", stop);
  try {
    await loader.resume();
    const before = loader.totals();
    let added = NO_LINES;
    for (;;) {
      if (signal?.aborted) throw new Error("the replay was stopped; the next one goes on from there");
      const { files: _, ...counts } = await loader.load();
      added = addCounts(added, counts);
      // A log that is being written has no end: what comes after this is loaded when the file is in place.
      if (counts.events < REPLAY_BATCH.lines / 10) break;
    }
    if (signal?.aborted) throw new Error("the replay was stopped; the next one goes on from there");
    return { ...addCounts(before, added), resumed: before.events, bytes };
  } finally {
    signal?.removeEventListener("abort", stop);
    for (const { close } of writers.slice(1)) close();
  }
}

function isUseless(error: unknown): boolean {
  return error instanceof LogShrunkError || error instanceof LogRewrittenError || isDamage(error);
}

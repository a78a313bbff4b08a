/**
 * Pulls the log into the store: each file from its checkpoint to its last whole line, in batches whose rows, sessions
 * and checkpoints are one transaction. Killed anywhere, the next load goes on from the last batch; done twice, nothing
 * is there twice. With two connections one batch is read while the one before it is stored: the order stays.
 */
import { type LogFile, listLogFiles } from "../log/files/log-files.ts";
import { openIfThere } from "../log/read/open-listed.ts";
import type { LineChunk } from "../log/read/read-chunks.ts";
import type { OpenLogFile } from "../log/read/read-lines.ts";
import { Batch, type BatchFile, type BatchSize, LIVE_BATCH } from "./batch.ts";
import { type Checkpoint, readCheckpoints, writeCheckpoint } from "./checkpoints.ts";
import type { Connection } from "./duckdb.ts";
import type { Keeping } from "./kept.ts";
import { type KnownShard, KnownShards } from "./known-shards.ts";
import { addCounts, type LineCounts, NO_LINES } from "./line-counts.ts";

/** What one load added. */
export type LoadReport = LineCounts & { readonly files: number; readonly durationMs: number };

/** How far a load is, in events that it stored and bytes of lines; `totalBytes` is a guess while a file is compressed. */
export type LoadProgress = { readonly events: number; readonly bytes: number; readonly totalBytes: number };

export type LoaderOptions = {
  readonly dataDir: string;
  /** They store batches in turn; one is enough. */
  readonly writers: readonly Connection[];
  /** Default: everything is kept. */
  readonly keeping?: Keeping | null;
  /** Default: LIVE_BATCH. */
  readonly batch?: BatchSize;
  /** Told after each batch. */
  readonly onProgress?: (progress: LoadProgress) => void;
};

/** After so many events a checkpoint is made as soon as there is nothing to load, or at last while loads go on. */
const CHECKPOINT_EVENTS = { idle: 20_000, busy: 150_000 } as const;

/** What a line takes in a compressed file, as a share of its own length: only for the progress shown. */
const COMPRESSED_SHARE = 0.1;

/** Thrown when a file ends before its checkpoint: the store holds what the log does not, and has to be rebuilt. */
export class LogShrunkError extends Error {}

/** Thrown when a shard was rewritten since it was loaded: what was erased there must not stay in the store, or beside it. */
export class LogRewrittenError extends Error {}

/** What a loader remembers between loads, so that a load with nothing new costs one look at the folder. */
export class Loader {
  private readonly options: LoaderOptions;
  private readonly writer: Connection;
  private readonly shards: KnownShards;
  private readonly seen = new Map<string, Pick<LogFile, "inode" | "bytes">>();
  private checkpoints = new Map<string, Checkpoint>();

  /** The batch that lines are added to, the one before it, which is being stored, and what this load has stored so far. */
  private batch: Batch | undefined;
  private storing: Promise<void> = Promise.resolve();
  private counts = NO_LINES;
  private progress = { bytes: 0, totalBytes: 0 };
  private turn = 0;
  /** Offsets behind what this load has read, by the file's identity: two names of one file do not bring its lines twice. */
  private readonly readTo = new Map<string, number>();

  /** Events that are in the write-ahead log at most. */
  private sinceCheckpoint = 0;
  private isStopping = false;

  constructor(options: LoaderOptions) {
    const [writer] = options.writers;
    if (writer === undefined) throw new Error("a loader needs a connection");
    this.options = options;
    this.writer = writer;
    this.shards = new KnownShards(options.dataDir);
  }

  /** Reads the checkpoints of earlier runs. */
  async resume(): Promise<void> {
    this.checkpoints = await readCheckpoints(this.writer.ask);
    if (this.checkpoints.size > 0) return;
    // A store that is begun now knows which shards were rewritten before: one that is not known later was so since.
    this.shards.refresh();
    const { ask } = this.writer;
    await ask("BEGIN");
    for (const { key, generation } of this.shards.rewritten()) {
      const checkpoint = { ...NO_LINES, generation, offset: 0 };
      await writeCheckpoint(ask, key, checkpoint);
      this.checkpoints.set(key, checkpoint);
    }
    await ask("COMMIT");
  }

  /** Ends a running load after the batch it is storing; what is read and not stored yet, the next start reads again. */
  stop(): void {
    this.isStopping = true;
  }

  get isStopped(): boolean {
    return this.isStopping;
  }

  /** Everything loaded so far, from all files ever seen. */
  totals(): LineCounts {
    return [...this.checkpoints.values()].reduce<LineCounts>(addCounts, NO_LINES);
  }

  /**
   * Loads what is new. Throws LogShrunkError, LogRewrittenError, or what DuckDB or the file system throws; then nothing
   * of the batch stays.
   */
  async load(): Promise<LineCounts & { readonly files: number }> {
    this.counts = NO_LINES;
    this.batch = undefined;
    this.storing = Promise.resolve();
    this.readTo.clear();
    this.shards.refresh();
    const listed = await listLogFiles(this.options.dataDir);
    const sizes = listed.map((file) => linesBytes(file, this.shards.find(file)));
    this.progress = { bytes: 0, totalBytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
    let files = 0;
    try {
      for (const file of listed) {
        if (this.isStopping) break;
        if (await this.loadFile(file)) files += 1;
      }
      if (!this.isStopping) await this.storeInTurn();
      await this.storing;
    } catch (error) {
      // What was seen may not be stored.
      this.seen.clear();
      throw error;
    } finally {
      await this.storing;
    }
    this.sinceCheckpoint += this.counts.events;
    if (this.sinceCheckpoint >= CHECKPOINT_EVENTS[files === 0 ? "idle" : "busy"]) await this.giveMemoryBack();
    return { ...this.counts, files };
  }

  /** What is in the write-ahead log is also held in memory, and a flood may have left much of it. */
  private async giveMemoryBack(): Promise<void> {
    this.sinceCheckpoint = 0;
    // A reader may be in its way; then it is made when the log is full, or at the end.
    await this.writer.ask("CHECKPOINT").catch(() => {});
  }

  /** False where there is nothing to look for in the file. */
  private async loadFile(file: LogFile): Promise<boolean> {
    const shard = this.shards.find(file);
    if (shard) this.refuseRewritten(file, shard);
    const seen = this.seen.get(file.name);
    const bytes = linesBytes(file, shard);
    if (seen?.inode === file.inode && seen.bytes === file.bytes) {
      this.progress.bytes += bytes;
      return false;
    }
    const isLoaded = shard !== undefined && this.checkpoints.get(shard.key)?.offset === bytes;
    if (isLoaded || this.options.keeping?.isOver(file)) this.progress.bytes += bytes;
    else await this.loadOpened(file, shard);
    this.seen.set(file.name, file);
    return true;
  }

  private refuseRewritten(file: LogFile, { key, generation }: KnownShard): void {
    if (generation <= (this.checkpoints.get(key)?.generation ?? 0)) return;
    throw new LogRewrittenError(`${file.shard} was rewritten since it was loaded`);
  }

  private async loadOpened(file: LogFile, shard: KnownShard | undefined): Promise<void> {
    const opened = await openIfThere(file.path);
    if (!opened) return; // Sealed or deleted since the folder was read; what it held has another name now.
    try {
      const key = opened.identity ?? (opened.damage() === undefined ? undefined : (shard?.key ?? file.shard));
      if (key === undefined) return;
      const before = this.checkpoints.get(key);
      const end = file.compression === "none" ? opened.bytes : (shard?.bytes ?? opened.bytes);
      const from = Math.max(before?.offset ?? 0, this.readTo.get(key) ?? 0);
      if (before && before.offset > end) {
        throw new LogShrunkError(`${file.name} has ${end} bytes, ${before.offset} of it were loaded`);
      }
      this.progress.bytes += before?.offset ?? 0;
      await this.readLines(opened, { key, generation: before?.generation ?? shard?.generation ?? 0 }, from);
    } finally {
      await opened.close();
    }
  }

  private async readLines(opened: OpenLogFile, file: BatchFile, from: number): Promise<void> {
    let isNew = !this.checkpoints.has(file.key) && !this.readTo.has(file.key);
    for await (const chunk of opened.chunks(from, opened.bytes)) {
      isNew = true;
      this.readTo.set(file.key, chunk.nextOffset);
      for (let rest: LineChunk | undefined = chunk; rest !== undefined; ) {
        if (this.isStopping) return;
        const batch = this.openBatch();
        rest = await batch.add(file, rest);
        if (batch.isFull) await this.storeInTurn();
      }
    }
    // What is broken is tried again with every start, and counted once.
    if (isNew && opened.damage() !== undefined) this.openBatch().addDamage(file, from);
  }

  private openBatch(): Batch {
    if (this.batch === undefined) {
      const { writers, batch = LIVE_BATCH } = this.options;
      this.turn += 1;
      this.batch = new Batch(writers[this.turn % writers.length] ?? this.writer, batch);
    }
    return this.batch;
  }

  /** Returns when the next batch may be begun. */
  private async storeInTurn(): Promise<void> {
    const { batch } = this;
    if (batch === undefined || batch.isEmpty) return;
    this.batch = undefined;
    await batch.read();
    await this.storing;
    this.storing = this.storeBatch(batch);
    this.storing.catch(() => {}); // Told to whoever waits for it next.
    if (this.options.writers.length === 1) await this.storing;
  }

  private async storeBatch(batch: Batch): Promise<void> {
    const { ask } = batch.writer;
    await ask("BEGIN");
    try {
      const stored: (readonly [string, Checkpoint, LineCounts])[] = [];
      const checkpoints = new Map(this.checkpoints);
      for (const { key, generation, nextOffset, counts } of await batch.store(this.options.keeping?.from() ?? null)) {
        const before = checkpoints.get(key) ?? { ...NO_LINES, generation, offset: 0 };
        const offset = Math.max(before.offset, nextOffset);
        const checkpoint = { ...addCounts(before, counts), generation, offset };
        await writeCheckpoint(ask, key, checkpoint);
        checkpoints.set(key, checkpoint);
        stored.push([key, checkpoint, counts]);
      }
      await ask("COMMIT");
      for (const part of stored) this.noteStored(...part);
      this.options.onProgress?.({ ...this.progress, events: this.counts.events });
    } catch (error) {
      await ask("ROLLBACK").catch(() => {}); // The first error says what happened; a dead database cannot roll back.
      throw error;
    }
  }

  private noteStored(key: string, checkpoint: Checkpoint, counts: LineCounts): void {
    this.progress.bytes += checkpoint.offset - (this.checkpoints.get(key)?.offset ?? 0);
    this.checkpoints.set(key, checkpoint);
    this.counts = addCounts(this.counts, counts);
  }
}

function linesBytes(file: LogFile, shard: KnownShard | undefined): number {
  if (file.compression === "none") return file.bytes;
  return shard?.bytes ?? Math.round(file.bytes / COMPRESSED_SHARE);
}

/**
 * Pulls the log into the store: each file from its checkpoint to its last whole line, in batches whose rows, sessions
 * and checkpoint are one transaction. Killed anywhere, the next load goes on from the last batch; done twice, nothing
 * is there twice.
 */
import { type LogFile, listLogFiles } from "../log/files/log-files.ts";
import type { LineChunk } from "../log/read/read-chunks.ts";
import { openLogFile } from "../log/read/read-lines.ts";
import type { Connection } from "./duckdb.ts";
import type { Keeping } from "./kept.ts";
import { storeWithSessions } from "./sessions.ts";
import { Stage } from "./stage.ts";

/** Counts over lines of the log. `damaged` lines hold no event and cost only themselves; `erased` ones are no damage. */
export type LineCounts = {
  readonly events: number;
  readonly duplicates: number;
  readonly damaged: number;
  readonly erased: number;
};

/** What one load added. */
export type LoadReport = LineCounts & { readonly files: number; readonly durationMs: number };

/** How far a file is loaded. `generation` rises when a file is rewritten in place; no writer does that yet. */
type Checkpoint = LineCounts & { readonly offset: number };

const GENERATION = 0;
export const NO_LINES: LineCounts = { events: 0, duplicates: 0, damaged: 0, erased: 0 };

/** A commit costs as much as thousands of lines, and a batch is held in memory in several forms. */
const BATCH_BYTES = 67_108_864;
const BATCH_LINES = 122_880;

/** After so many events a checkpoint is made as soon as there is nothing to load, or at last while loads go on. */
const CHECKPOINT_EVENTS = { idle: 20_000, busy: 150_000 } as const;

/** Thrown when a file ends before its checkpoint: the store holds what the log does not, and has to be rebuilt. */
export class LogShrunkError extends Error {}

/** What a loader remembers between loads, so that a load with nothing new costs one look at the folder. */
export class Loader {
  private readonly dataDir: string;
  private readonly writer: Connection;
  /** Null where everything is kept. */
  private readonly keeping: Keeping | null;
  private readonly checkpoints = new Map<string, Checkpoint>();
  private readonly seen = new Map<string, Pick<LogFile, "inode" | "bytes">>();

  /** Events that are in the write-ahead log at most. */
  private sinceCheckpoint = 0;
  private isStopping = false;

  constructor(dataDir: string, writer: Connection, keeping: Keeping | null) {
    this.dataDir = dataDir;
    this.writer = writer;
    this.keeping = keeping;
  }

  /** Reads the checkpoints of earlier runs. */
  async resume(): Promise<void> {
    for (const row of await this.writer.ask("SELECT * FROM checkpoints")) {
      this.checkpoints.set(String(row["file"]), {
        offset: Number(row["byte_offset"]),
        events: Number(row["events"]),
        duplicates: Number(row["duplicates"]),
        damaged: Number(row["damaged"]),
        erased: Number(row["erased"]),
      });
    }
  }

  /** Ends a running load after the batch it is storing; what is read and not stored yet, the next start reads again. */
  stop(): void {
    this.isStopping = true;
  }

  /** Everything loaded so far, from all files ever seen. */
  totals(): LineCounts {
    return [...this.checkpoints.values()].reduce<LineCounts>(addCounts, NO_LINES);
  }

  /** Loads what is new. Throws LogShrunkError, or what DuckDB or the file system throws; then nothing of the batch stays. */
  async load(): Promise<LineCounts & { readonly files: number }> {
    let counts = NO_LINES;
    let files = 0;
    for (const file of await listLogFiles(this.dataDir)) {
      if (this.isStopping) break;
      const seen = this.seen.get(file.name);
      if (seen?.inode === file.inode && seen.bytes === file.bytes) continue;
      if (!this.keeping?.isOver(file)) counts = addCounts(counts, await this.loadFile(file));
      this.seen.set(file.name, file);
      files += 1;
    }
    this.sinceCheckpoint += counts.events;
    if (this.sinceCheckpoint >= CHECKPOINT_EVENTS[files === 0 ? "idle" : "busy"]) await this.giveMemoryBack();
    return { ...counts, files };
  }

  /** What is in the write-ahead log is also held in memory, and a flood may have left much of it. */
  private async giveMemoryBack(): Promise<void> {
    this.sinceCheckpoint = 0;
    // A reader may be in its way; then it is made when the log is full, or at the end.
    await this.writer.ask("CHECKPOINT").catch(() => {});
  }

  private async loadFile(file: LogFile): Promise<LineCounts> {
    const opened = await openLogFile(file.path);
    try {
      if (opened.identity === undefined) return NO_LINES;
      const offset = this.checkpoints.get(opened.identity)?.offset ?? 0;
      if (offset > opened.bytes) {
        throw new LogShrunkError(`${file.name} has ${opened.bytes} bytes, ${offset} of it were loaded`);
      }
      return await this.storeLines(opened.identity, opened.chunks(offset, opened.bytes));
    } finally {
      await opened.close();
    }
  }

  private async storeLines(identity: string, chunks: AsyncIterable<LineChunk>): Promise<LineCounts> {
    let counts = NO_LINES;
    let batch = new Batch(this.writer);
    for await (const chunk of chunks) {
      if (this.isStopping) return counts;
      await batch.add(chunk);
      if (!batch.isFull) continue;
      counts = addCounts(counts, await this.storeBatch(identity, batch));
      batch = new Batch(this.writer);
    }
    return batch.nextOffset === 0 ? counts : addCounts(counts, await this.storeBatch(identity, batch));
  }

  private async storeBatch(identity: string, batch: Batch): Promise<LineCounts> {
    const { ask } = this.writer;
    const before = this.checkpoints.get(identity) ?? { ...NO_LINES, offset: 0 };
    await ask("BEGIN");
    try {
      const counts = await batch.store(this.keeping?.from() ?? null);
      const checkpoint = { ...addCounts(before, counts), offset: batch.nextOffset };
      await this.writeCheckpoint(identity, checkpoint);
      await ask("COMMIT");
      this.checkpoints.set(identity, checkpoint);
      return counts;
    } catch (error) {
      await ask("ROLLBACK").catch(() => {}); // The first error says what happened; a dead database cannot roll back.
      throw error;
    }
  }

  private async writeCheckpoint(file: string, checkpoint: Checkpoint): Promise<void> {
    const { ask } = this.writer;
    await ask("DELETE FROM checkpoints WHERE file = $file", { file });
    await ask(
      `INSERT INTO checkpoints (file, generation, byte_offset, events, duplicates, damaged, erased)
       VALUES ($file, $generation, $offset, $events, $duplicates, $damaged, $erased)`,
      { file, generation: GENERATION, ...checkpoint },
    );
  }
}

/** Lines on their way into one transaction. */
class Batch {
  bytes = 0;
  nextOffset = 0;
  private damaged = 0;
  private readonly writer: Connection;
  private readonly stage: Stage;

  constructor(writer: Connection) {
    this.writer = writer;
    this.stage = new Stage(writer);
  }

  get isFull(): boolean {
    return this.bytes >= BATCH_BYTES || this.stage.size >= BATCH_LINES;
  }

  async add(chunk: LineChunk): Promise<void> {
    this.bytes += chunk.bytes.length;
    this.nextOffset = chunk.nextOffset;
    this.damaged += chunk.damaged;
    await this.stage.add(chunk);
  }

  /** Stores the events that are not too old, each once and in its visit; to be called inside a transaction. */
  async store(keptFrom: Date | null): Promise<LineCounts> {
    const { damaged, stage, writer } = this;
    if (stage.size === 0) return { ...NO_LINES, damaged };
    const staged = await stage.finish(keptFrom);
    if (staged.events > 0) await storeWithSessions(writer.ask);
    return { ...staged, damaged: damaged + staged.damaged };
  }
}

function addCounts(a: LineCounts, b: LineCounts): LineCounts {
  return {
    events: a.events + b.events,
    duplicates: a.duplicates + b.duplicates,
    damaged: a.damaged + b.damaged,
    erased: a.erased + b.erased,
  };
}

/** Lines of one file on their way into one transaction of the store. */
import type { LineChunk } from "../log/read/read-chunks.ts";
import type { Connection } from "./duckdb.ts";
import { type LineCounts, NO_LINES } from "./line-counts.ts";
import { storeWithSessions } from "./sessions.ts";
import { Stage } from "./stage.ts";

/** How much one transaction takes, in lines and in bytes of them, and how many bytes one statement reads. */
export type BatchSize = { readonly lines: number; readonly bytes: number; readonly readBytes: number };

/** A commit costs as much as thousands of lines, and a batch is held in memory in several forms. */
export const LIVE_BATCH: BatchSize = { lines: 122_880, bytes: 67_108_864, readBytes: 8_388_608 };

/** Collects lines on one connection; reading them needs nothing of the store, so another batch may be stored meanwhile. */
export class Batch {
  /** Behind the last line that was added; 0 before the first. */
  nextOffset = 0;
  readonly writer: Connection;
  private bytes = 0;
  private damaged = 0;
  private readonly size: BatchSize;
  private readonly stage: Stage;

  constructor(writer: Connection, size: BatchSize) {
    this.writer = writer;
    this.size = size;
    this.stage = new Stage(writer, size.readBytes);
  }

  /** Says whether there is nothing to store, and no checkpoint to move. */
  get isEmpty(): boolean {
    return this.nextOffset === 0 && this.damaged === 0;
  }

  get isFull(): boolean {
    return this.bytes >= this.size.bytes || this.stage.size >= this.size.lines;
  }

  async add(chunk: LineChunk): Promise<void> {
    this.bytes += chunk.bytes.length;
    this.nextOffset = chunk.nextOffset;
    this.damaged += chunk.damaged;
    await this.stage.add(chunk);
  }

  /** Counts what follows as damaged, up to an offset: a compressed file that goes no further. */
  addDamage(offset: number): void {
    this.damaged += 1;
    this.nextOffset = Math.max(this.nextOffset, offset);
  }

  /** Reads what was added; to be called before `store`. */
  async read(): Promise<void> {
    await this.stage.readChunks();
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

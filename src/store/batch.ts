/** Lines of the log, of one file or of several that follow each other, on their way into one transaction of the store. */
import { type LineChunk, splitChunk } from "../log/read/read-chunks.ts";
import type { Connection } from "./duckdb.ts";
import { addCounts, countLines, type LineCounts, NO_LINES } from "./line-counts.ts";
import { storeWithSessions } from "./sessions.ts";
import { Stage } from "./stage.ts";

/** How much one transaction takes, in lines and in bytes of them, and how many bytes one statement reads. */
export type BatchSize = { readonly lines: number; readonly bytes: number; readonly readBytes: number };

/**
 * Rows that DuckDB writes as one group. A batch of as many is written once and at once; what is left over makes a small
 * group, or is written again with what comes behind it.
 */
export const ROW_GROUP = 122_880;

/** A commit costs as much as thousands of lines, and a batch is held in memory in several forms. */
export const LIVE_BATCH: BatchSize = { lines: ROW_GROUP, bytes: 67_108_864, readBytes: 8_388_608 };

/** The file that lines are of: the key of its checkpoint, and its generation as it is read. */
export type BatchFile = { readonly key: string; readonly generation: number };

/** What one file has in a batch: its lines up to an offset, and what has become of them. */
export type StoredPart = BatchFile & { readonly nextOffset: number; readonly counts: LineCounts };

type Part = BatchFile & { nextOffset: number; damaged: number; readonly firstLine: number };

/** Collects lines on one connection; reading them needs nothing of the store, so another batch may be stored meanwhile. */
export class Batch {
  readonly writer: Connection;
  private bytes = 0;
  private readonly parts: Part[] = [];
  private readonly size: BatchSize;
  private readonly stage: Stage;

  constructor(writer: Connection, size: BatchSize) {
    this.writer = writer;
    this.size = size;
    this.stage = new Stage(writer, size.readBytes);
  }

  /** Says whether there is nothing to store, and no checkpoint to move. */
  get isEmpty(): boolean {
    return this.parts.length === 0;
  }

  get isFull(): boolean {
    return this.bytes >= this.size.bytes || this.stage.size >= this.size.lines;
  }

  /** Adds as many lines as there is room for, of a file behind those that were added before; returns the rest. */
  async add(file: BatchFile, chunk: LineChunk): Promise<LineChunk | undefined> {
    const [taken, rest] = splitChunk(chunk, this.size.lines - this.stage.size);
    const part = this.partOf(file, taken.nextOffset);
    part.nextOffset = taken.nextOffset;
    part.damaged += taken.damaged;
    this.bytes += taken.bytes.length;
    await this.stage.add(taken);
    return rest;
  }

  /** Counts what follows in a file as damaged, from an offset on: a compressed file that goes no further. */
  addDamage(file: BatchFile, offset: number): void {
    this.partOf(file, offset).damaged += 1;
  }

  /** Reads what was added; to be called before `store`. */
  async read(): Promise<void> {
    await this.stage.readChunks();
  }

  /** Stores the events that are not too old, each once and in its visit; to be called inside a transaction. */
  async store(keptFrom: Date | null): Promise<readonly StoredPart[]> {
    const { parts, stage, writer } = this;
    const leftOut = stage.size === 0 ? [] : await stage.finish(keptFrom);
    if (stage.size > leftOut.length) await storeWithSessions(writer.ask);
    return parts.map(({ key, generation, nextOffset, damaged, firstLine }, index) => {
      const counts = countLines(firstLine, parts[index + 1]?.firstLine ?? stage.size, leftOut);
      return { key, generation, nextOffset, counts: addCounts(counts, { ...NO_LINES, damaged }) };
    });
  }

  private partOf({ key, generation }: BatchFile, nextOffset: number): Part {
    const last = this.parts.at(-1);
    if (last?.key === key) return last;
    const part = { key, generation, nextOffset, damaged: 0, firstLine: this.stage.size };
    this.parts.push(part);
    return part;
  }
}

/**
 * Batches that wait for the writer, taken many at a time: encoded already, in the order in which they came, and never of
 * two days' files in one take (file-day.ts).
 */
import { isOtherFileDay } from "./file-day.ts";
import { LineBuffer } from "./line-buffer.ts";

/** A batch of `bytes` bytes in whole lines, the first of them received on the UTC day `day`. */
export type QueuedBatch = { readonly lines: string; readonly bytes: number; readonly day: string };

/** What goes to the writer together: the first `bytes` of `buffer`, and the batches that they are. */
export type Taken<Batch> = {
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly bytes: number;
  readonly day: string;
  readonly batches: readonly Batch[];
};

export class CommitQueue<Batch extends QueuedBatch> {
  private readonly lines: LineBuffer = new LineBuffer();
  private filled: Batch[] = [];
  /** What came behind the first batch of another day. */
  private later: Batch[] = [];
  private laterBytes = 0;

  /** Bytes that wait to be taken. */
  get bytes(): number {
    return this.lines.bytes + this.laterBytes;
  }

  add(batch: Batch): void {
    const day = this.filled[0]?.day;
    if (this.later.length === 0 && (day === undefined || !isOtherFileDay(day, batch.day))) {
      this.lines.add(batch.lines, batch.bytes);
      this.filled.push(batch);
    } else {
      this.later.push(batch);
      this.laterBytes += batch.bytes;
    }
  }

  /** Hands out what belongs into one file; undefined when nothing waits. */
  take(): Taken<Batch> | undefined {
    const [first] = this.filled;
    if (first === undefined) return undefined;
    const batches = this.filled;
    const { buffer, bytes } = this.lines.take();
    const later = this.later;
    this.filled = [];
    this.later = [];
    this.laterBytes = 0;
    for (const batch of later) this.add(batch);
    return { buffer, bytes, day: first.day, batches };
  }

  /** Takes a buffer back to be filled again. */
  giveBack(buffer: Uint8Array<ArrayBuffer>): void {
    this.lines.giveBack(buffer);
  }

  /** Forgets what waits, and returns it. */
  clear(): readonly Batch[] {
    const batches = [...this.filled, ...this.later];
    this.lines.clear();
    this.filled = [];
    this.later = [];
    this.laterBytes = 0;
    return batches;
  }
}

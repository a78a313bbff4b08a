/** Reads a log file as runs of whole lines, for readers that take lines in bulk: bounded memory, exact offsets. */
import { isUtf8 } from "node:buffer";
import type { LineSource } from "./line-source.ts";

/** A longer line is no event (the largest is below 100 KiB) and is passed over without being held in memory. */
export const MAX_LINE_BYTES = 1_048_576;

const READ_BYTES = 262_144;
const NEWLINE = 0x0a;

/** Whole lines that follow each other in a file. */
export type LineChunk = {
  /** The lines as UTF-8, divided by `\n`, the last without its own. Valid until the next chunk is asked for. */
  readonly bytes: Uint8Array;
  /** How many lines `bytes` holds; 0 where all that was read is damaged. */
  readonly lines: number;
  /** Lines that are not in `bytes`, since they are too long or no UTF-8. */
  readonly damaged: number;
  /** The first byte of the file behind the chunk. */
  readonly nextOffset: number;
};

/**
 * Yields the lines from `from` (the start of a line) on that end before `to`; what follows the last `\n` is left for
 * later.
 */
export async function* chunksOf(file: LineSource, from: number, to: number): AsyncGenerator<LineChunk, void, void> {
  const cutter = new ChunkCutter();
  let position = from;
  while (position < to) {
    const bytesRead = await file.read(cutter.space(), Math.min(READ_BYTES, to - position), position);
    if (bytesRead === 0) return;
    position += bytesRead;
    const chunk = cutter.cut(bytesRead, position);
    if (chunk) yield chunk;
  }
}

/**
 * Divides a chunk behind so many lines (at least 1); the second part is undefined where there are no more. A chunk that
 * left lines out is not divided, since its bytes do not say where in the file they were.
 */
export function splitChunk(chunk: LineChunk, lines: number): readonly [LineChunk, LineChunk | undefined] {
  if (chunk.lines <= lines || chunk.damaged > 0) return [chunk, undefined];
  let end = -1;
  for (let line = 0; line < lines; line += 1) end = chunk.bytes.indexOf(NEWLINE, end + 1);
  const bytes = chunk.bytes.subarray(end + 1);
  return [
    { bytes: chunk.bytes.subarray(0, end), lines, damaged: 0, nextOffset: chunk.nextOffset - bytes.length - 1 },
    { ...chunk, bytes, lines: chunk.lines - lines },
  ];
}

/** One buffer: the beginning of a line whose end is not read yet, and behind it room for one read. */
class ChunkCutter {
  private readonly buffer = Buffer.allocUnsafeSlow(MAX_LINE_BYTES + READ_BYTES);
  private start = 0;
  private end = 0;
  /** Whether the line being read is too long already, so that nothing of it is held. */
  private isSkipping = false;

  /** Where the next read goes. What is held moves to the front: the chunk before it is no longer in use. */
  space(): Buffer {
    this.buffer.copyWithin(0, this.start, this.end);
    this.end -= this.start;
    this.start = 0;
    return this.buffer.subarray(this.end, this.end + READ_BYTES);
  }

  /** Cuts at the last `\n` of what was read; `position` is the offset behind it. Undefined where no line has ended. */
  cut(bytesRead: number, position: number): LineChunk | undefined {
    const held = this.end;
    const filled = this.buffer.subarray(0, held + bytesRead);
    const first = filled.indexOf(NEWLINE, held);
    if (first < 0) {
      this.hold(filled.length);
      return undefined;
    }
    const isTooLong = this.isSkipping || first > MAX_LINE_BYTES;
    const end = filled.lastIndexOf(NEWLINE) + 1;
    const chunk = measure(filled.subarray(isTooLong ? first + 1 : 0, end));
    this.start = end;
    this.end = filled.length;
    this.isSkipping = false;
    return {
      ...chunk,
      damaged: chunk.damaged + (isTooLong ? 1 : 0),
      nextOffset: position - (this.end - this.start),
    };
  }

  private hold(bytes: number): void {
    this.isSkipping ||= bytes > MAX_LINE_BYTES;
    this.end = this.isSkipping ? 0 : bytes;
  }
}

type Measured = Pick<LineChunk, "bytes" | "lines" | "damaged">;

function measure(whole: Buffer): Measured {
  if (!isUtf8(whole)) return leaveOutBroken(whole);
  return { bytes: whole.subarray(0, -1), lines: countLines(whole), damaged: 0 };
}

function countLines(whole: Buffer): number {
  let lines = 0;
  for (let at = whole.indexOf(NEWLINE); at >= 0; at = whole.indexOf(NEWLINE, at + 1)) lines += 1;
  return lines;
}

function leaveOutBroken(whole: Buffer): Measured {
  const kept: Buffer[] = [];
  let damaged = 0;
  for (let from = 0; from < whole.length; ) {
    const end = whole.indexOf(NEWLINE, from) + 1;
    const line = whole.subarray(from, end);
    if (isUtf8(line)) kept.push(line);
    else damaged += 1;
    from = end;
  }
  return { bytes: Buffer.concat(kept).subarray(0, -1), lines: kept.length, damaged };
}

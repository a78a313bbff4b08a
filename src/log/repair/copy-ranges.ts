/** Copies parts of a log file's lines, or all but some parts, in bounded memory. */
import type { LineSource } from "../read/line-source.ts";
import type { ByteRange } from "../verify/scan-file.ts";

const CHUNK_BYTES = 262_144;

/** Yields the bytes of ranges that are in order; each piece is valid until the next is asked for. */
export async function* copyRanges(
  source: LineSource,
  ranges: readonly ByteRange[],
): AsyncGenerator<Buffer, void, void> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (const { from, to } of ranges) {
    for (let position = from; position < to; ) {
      const bytes = await source.read(chunk, Math.min(CHUNK_BYTES, to - position), position);
      if (bytes === 0) throw new Error(`a file that was read up to ${to} ends at ${position}`);
      position += bytes;
      yield chunk.subarray(0, bytes);
    }
  }
}

/** Returns what is left of so many bytes without ranges that are in order. */
export function rangesOutside(ranges: readonly ByteRange[], bytes: number): readonly ByteRange[] {
  const kept: ByteRange[] = [];
  let from = 0;
  for (const range of [...ranges, { from: bytes, to: bytes }]) {
    if (range.from > from) kept.push({ from, to: range.from });
    from = range.to;
  }
  return kept;
}

/** Reads a log file as blocks of whole lines whose bytes are given exactly as they are, damaged lines included. */
import { PasserbyError } from "../../errors.ts";
import { type LineSource, openLineSource } from "../read/line-source.ts";

const CHUNK_BYTES = 1_048_576;
const NEWLINE = 0x0a;
/** A line has 100 KiB at most; what has no end after this is no line, and is not held in memory. */
const MAX_HELD_BYTES = 67_108_864;

/**
 * Yields every byte of a file once, in blocks that end with a line; the last may lack its `\n`. A block is the reader's own.
 * Throws `log_damaged` for a compressed file that breaks off and for a line without an end.
 */
export async function* readBlocks(path: string): AsyncGenerator<Buffer, void, void> {
  const source = await openLineSource(path);
  try {
    yield* blocksOf(source, path);
  } finally {
    await source.close();
  }
  const damage = source.damage();
  if (damage !== undefined) throw damaged(path, `breaks off: ${damage}`);
}

async function* blocksOf(source: LineSource, path: string): AsyncGenerator<Buffer, void, void> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let held: Buffer[] = [];
  let heldBytes = 0;
  for (let position = 0; ; ) {
    const bytes = await source.read(chunk, CHUNK_BYTES, position);
    if (bytes === 0) break;
    position += bytes;
    const end = chunk.subarray(0, bytes).lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      yield Buffer.concat([...held, chunk.subarray(0, end)]);
      held = [];
      heldBytes = 0;
    }
    held.push(Buffer.from(chunk.subarray(end, bytes)));
    heldBytes += bytes - end;
    if (heldBytes > MAX_HELD_BYTES) throw damaged(path, `has a line of more than ${MAX_HELD_BYTES} bytes`);
  }
  if (heldBytes > 0) yield Buffer.concat(held);
}

/** Yields the lines of a block, each with its `\n`, if it has one. */
export function* splitBlock(block: Buffer): Generator<Buffer, void, void> {
  for (let from = 0; from < block.length; ) {
    const newline = block.indexOf(NEWLINE, from);
    const end = newline < 0 ? block.length : newline + 1;
    yield block.subarray(from, end);
    from = end;
  }
}

/** Counts the `\n` of a block. */
export function countLines(block: Buffer): number {
  let lines = 0;
  for (let at = block.indexOf(NEWLINE); at >= 0; at = block.indexOf(NEWLINE, at + 1)) lines += 1;
  return lines;
}

function damaged(path: string, what: string): PasserbyError {
  return new PasserbyError("log_damaged", `${path} ${what}; passerby verify --repair first, then erase again`);
}

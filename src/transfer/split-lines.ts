/** Cuts chunks of bytes into numbered lines with their offsets, in bounded memory whatever the input. */

/** One line. `text` is undefined for a line longer than the limit: its bytes are passed over, not held. */
export type InputLine = {
  /** From 1. */
  readonly number: number;
  /** Of its first byte in the input. */
  readonly offset: number;
  readonly text: string | undefined;
};

/** Twice the longest request line and headers that web servers take by default; no server writes a longer line. */
export const MAX_LINE_BYTES = 65_536;

const NEWLINE = 0x0a;

/**
 * Yields the lines of a stream in batches, one batch a chunk. A line ends with LF or CR LF, the last also without.
 * Bytes that are not UTF-8 become U+FFFD; a byte order mark at the start is left out; a longer line than `maxLineBytes`
 * has no text.
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  maxLineBytes: number = MAX_LINE_BYTES,
): AsyncGenerator<readonly InputLine[], void, void> {
  const cutter = new LineCutter(maxLineBytes);
  for await (const chunk of chunks) yield cutter.push(chunk);
  yield cutter.end();
}

class LineCutter {
  private readonly maxLineBytes: number;
  private number = 1;
  private offset = 0;
  private held: Buffer[] = [];
  private heldBytes = 0;

  constructor(maxLineBytes: number) {
    this.maxLineBytes = maxLineBytes;
  }

  push(chunk: Buffer): readonly InputLine[] {
    const lines: InputLine[] = [];
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      lines.push(this.finish(chunk.subarray(from, end)));
      from = end + 1;
    }
    this.hold(chunk.subarray(from));
    return lines;
  }

  end(): readonly InputLine[] {
    return this.heldBytes === 0 ? [] : [this.finish(Buffer.alloc(0))];
  }

  private finish(rest: Buffer): InputLine {
    const bytes = this.heldBytes + rest.length;
    const whole = this.held.length === 0 ? rest : Buffer.concat([...this.held, rest]);
    const text = bytes > this.maxLineBytes ? undefined : decode(whole, this.offset === 0);
    const line = { number: this.number, offset: this.offset, text };
    this.number += 1;
    this.offset += bytes + 1;
    this.held = [];
    this.heldBytes = 0;
    return line;
  }

  private hold(rest: Buffer): void {
    this.heldBytes += rest.length;
    if (this.heldBytes > this.maxLineBytes) this.held = [];
    else if (rest.length > 0) this.held.push(Buffer.from(rest));
  }
}

function decode(bytes: Buffer, isFirst: boolean): string {
  const end = bytes.at(-1) === 0x0d ? bytes.length - 1 : bytes.length;
  const hasMark = isFirst && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return bytes.toString("utf8", hasMark ? 3 : 0, end);
}

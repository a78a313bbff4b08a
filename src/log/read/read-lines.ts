/** Streams the lines of a log file with their byte offsets: whole lines only, in bounded memory, from one descriptor. */
import { isUtf8 } from "node:buffer";
import type { StoredEvent } from "../../event.ts";
import { decodeLine, type LineProblem, positionOf } from "./decode-line.ts";
import { type LineSource, openLineSource } from "./line-source.ts";
import { chunksOf, type LineChunk, MAX_LINE_BYTES } from "./read-chunks.ts";

export { MAX_LINE_BYTES } from "./read-chunks.ts";

const CHUNK_BYTES = 262_144;
const NEWLINE = 0x0a;

/** One line: its first byte, the first byte after its `\n`, and its text without `\n`, or why it has no text. */
export type LogFileLine =
  | { readonly offset: number; readonly nextOffset: number; readonly text: string }
  | { readonly offset: number; readonly nextOffset: number; readonly problem: LineProblem };

/** One line, decoded. */
export type LogFileEvent = {
  readonly offset: number;
  readonly nextOffset: number;
  readonly decoded: StoredEvent | LineProblem;
};

/** A log file held open, so that identity and lines belong together even while it is sealed under another name. */
export type OpenLogFile = {
  /** `writer/start/seq` of the first line that has one, also an erased or a newer one: survives renaming. Undefined while there is no such line. */
  readonly identity: string | undefined;
  /** Bytes of lines; `Number.MAX_SAFE_INTEGER` for a compressed file, whose end only reading finds. */
  readonly bytes: number;
  /** Why a compressed file could not be read to its end, once that was tried. */
  readonly damage: () => string | undefined;
  /** Events and problems from one offset (the start of a line) to another (default: the end). */
  readonly events: (from: number, to?: number) => AsyncGenerator<LogFileEvent, void, void>;
  /** The same lines as runs of bytes, not decoded. */
  readonly chunks: (from: number, to: number) => AsyncGenerator<LineChunk, void, void>;
  readonly close: () => Promise<void>;
};

/** Opens a log file for reading. Close it. Throws the system's error when it is gone or unreadable. */
export async function openLogFile(path: string): Promise<OpenLogFile> {
  const file = await openLineSource(path);
  try {
    return {
      identity: await identityOf(file),
      bytes: file.bytes,
      damage: file.damage,
      events: (from, to) => decodeLines(linesOf(file, from, to)),
      chunks: (from, to) => chunksOf(file, from, to),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Yields each whole line from `from` (the start of a line) on; what follows the last `\n` is left for later. With `to`,
 * nothing that ends behind it is yielded: of an active file only `status().fileBytes` is acknowledged.
 */
export async function* readLines(path: string, from = 0, to?: number): AsyncGenerator<LogFileLine, void, void> {
  const file = await openLineSource(path);
  try {
    yield* linesOf(file, from, to);
  } finally {
    await file.close();
  }
}

/** As readLines, decoded. */
export function readEvents(path: string, from = 0, to?: number): AsyncGenerator<LogFileEvent, void, void> {
  return decodeLines(readLines(path, from, to));
}

/**
 * Returns the key of a file that survives sealing and erasing: `writer/start/seq` of its first line, whether its event is
 * there, was erased or is of a newer version; undefined if it has none.
 */
export async function fileIdentity(path: string): Promise<string | undefined> {
  const file = await openLineSource(path);
  try {
    return await identityOf(file);
  } finally {
    await file.close();
  }
}

async function identityOf(file: LineSource): Promise<string | undefined> {
  for await (const { decoded } of decodeLines(linesOf(file, 0))) {
    const position = positionOf(decoded);
    if (position !== undefined) return `${position.writer}/${position.start}/${position.seq}`;
  }
  return undefined;
}

async function* decodeLines(lines: AsyncIterable<LogFileLine>): AsyncGenerator<LogFileEvent, void, void> {
  for await (const line of lines) {
    const decoded = "text" in line ? decodeLine(line.text) : line.problem;
    yield { offset: line.offset, nextOffset: line.nextOffset, decoded };
  }
}

async function* linesOf(
  file: LineSource,
  from: number,
  to: number = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<LogFileLine, void, void> {
  const splitter = new LineSplitter(from);
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let position = from;
  while (position < to) {
    const bytesRead = await file.read(chunk, Math.min(CHUNK_BYTES, to - position), position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield* splitter.push(chunk.subarray(0, bytesRead));
  }
}

/** Cuts chunks into lines; holds at most MAX_LINE_BYTES of a line that is not complete. */
class LineSplitter {
  private offset: number;
  private heldBytes = 0;
  private held: Buffer[] = [];

  constructor(offset: number) {
    this.offset = offset;
  }

  *push(chunk: Buffer): Generator<LogFileLine, void, void> {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      yield this.finish(chunk.subarray(from, end));
      from = end + 1;
    }
    this.hold(chunk.subarray(from));
  }

  private finish(rest: Buffer): LogFileLine {
    const bytes = this.heldBytes + rest.length;
    const line = this.held.length === 0 ? rest : Buffer.concat([...this.held, rest]);
    const place = { offset: this.offset, nextOffset: this.offset + bytes + 1 };
    this.offset = place.nextOffset;
    this.heldBytes = 0;
    this.held = [];
    if (bytes > MAX_LINE_BYTES) {
      return {
        ...place,
        problem: { problem: "too_long", message: `the line has ${bytes} bytes, the limit is ${MAX_LINE_BYTES}` },
      };
    }
    if (!isUtf8(line)) return { ...place, problem: { problem: "not_utf8", message: "the line is not UTF-8" } };
    return { ...place, text: line.toString("utf8") };
  }

  private hold(rest: Buffer): void {
    this.heldBytes += rest.length;
    if (this.heldBytes > MAX_LINE_BYTES) this.held = [];
    else if (rest.length > 0) this.held.push(Buffer.from(rest));
  }
}

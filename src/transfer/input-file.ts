/**
 * The file to be imported, read twice: once to know what it is (its SHA-256 names its events), once to import it. It
 * promises that both readings give the same bytes, though a web server may be writing to the file meanwhile, and that
 * nothing of it stays behind: standard input is kept in a file without a name, encrypted with a key of this process.
 */
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { Clock } from "../clock.ts";
import { describeError, PasserbyError, systemErrorCode } from "../errors.ts";
import { openNamelessFile } from "./nameless-file.ts";

/** An input that can be read as often as needed. */
export type InputFile = {
  /** Bytes as stored; what `onBytes` counts up to. 0 while standard input has not ended. */
  readonly storedBytes: () => number;
  /** Yields the content, unpacked. Throws `input_unreadable`. */
  readonly read: (onBytes: (bytes: number) => void) => AsyncIterable<Buffer>;
  readonly close: () => Promise<void>;
};

/** What a file is known by: SHA-256 (hexadecimal) and length of its unpacked content. */
export type Fingerprint = { readonly sha256: string; readonly bytes: number };

/** What reading a file for the first time tells. */
export type Inspection = Fingerprint & {
  /** The longest of the known files that this one begins with: a log that has grown since. */
  readonly prefix: Fingerprint | undefined;
};

const CHUNK_BYTES = 262_144;
const CIPHER = "aes-256-ctr";

/** Opens a file, or standard input for `-`. Close it. Throws `input_unreadable`. */
export async function openInput(path: string, stdin: Readable, clock: Clock): Promise<InputFile> {
  if (path === "-") return spoolInput(stdin, clock);
  const file = await openFile(path);
  const stat = await file.stat();
  // A pipe can be read once only.
  if (!stat.isFile()) return spoolInput(file.createReadStream(), clock);
  const plain = (): Readable =>
    createReadStream("", { fd: file, start: 0, autoClose: false, highWaterMark: CHUNK_BYTES });
  return {
    storedBytes: () => stat.size,
    read: (onBytes) => unpack(path, plain(), onBytes),
    close: () => file.close(),
  };
}

/**
 * Reads an input to its end. `known` are files imported earlier: where this one begins with the whole of one of them,
 * the longest is returned as `prefix`.
 */
export async function inspectInput(chunks: AsyncIterable<Buffer>, known: readonly Fingerprint[]): Promise<Inspection> {
  const hash = createHash("sha256");
  const waiting = known.filter((file) => file.bytes > 0).sort((a, b) => a.bytes - b.bytes);
  let prefix: Fingerprint | undefined;
  let bytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let next = waiting[0]; next !== undefined && next.bytes <= bytes + chunk.length; next = waiting[0]) {
      hash.update(chunk.subarray(from, next.bytes - bytes));
      from = next.bytes - bytes;
      if (hash.copy().digest("hex") === next.sha256) prefix = next;
      waiting.shift();
    }
    hash.update(chunk.subarray(from));
    bytes += chunk.length;
  }
  return { sha256: hash.digest("hex"), bytes, prefix };
}

/** Yields at most so many bytes of a stream: what was appended to a file since it was inspected is left for next time. */
export async function* limitBytes(chunks: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Buffer, void, void> {
  let left = limit;
  for await (const chunk of chunks) {
    if (left <= 0) return;
    yield chunk.length <= left ? chunk : chunk.subarray(0, left);
    left -= chunk.length;
  }
}

async function openFile(path: string): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    if ((await file.stat()).isDirectory())
      throw new PasserbyError("input_unreadable", `${path} is a folder: name a file`);
    return file;
  } catch (cause) {
    await file?.close();
    if (cause instanceof PasserbyError) throw cause;
    const reason = systemErrorCode(cause) === "ENOENT" ? "there is no such file" : describeError(cause);
    throw new PasserbyError("input_unreadable", `${path} cannot be read: ${reason}`, { cause });
  }
}

async function* unpack(
  path: string,
  stored: Readable,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer, void, void> {
  const counted = countBytes(stored, onBytes);
  const first = await counted.next();
  if (first.done) return;
  const isGzip = first.value[0] === 0x1f && first.value[1] === 0x8b;
  const whole = rejoin(first.value, counted);
  try {
    if (!isGzip) yield* whole;
    // The callback stands in for an error handler: the error itself comes out of the iteration.
    else yield* pipeline(whole, createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined) as AsyncIterable<Buffer>;
  } catch (cause) {
    const reason = isGzip ? `its gzip data is damaged or cut off (${describeError(cause)})` : describeError(cause);
    throw new PasserbyError("input_unreadable", `${path} cannot be read to its end: ${reason}`, { cause });
  }
}

async function* countBytes(stored: Readable, onBytes: (bytes: number) => void): AsyncGenerator<Buffer, void, void> {
  for await (const chunk of stored as AsyncIterable<Buffer>) {
    onBytes(chunk.length);
    yield chunk;
  }
}

async function* rejoin(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  yield first;
  yield* rest;
}

/** Copies standard input into an unlinked, encrypted file: addresses of visitors are never on disk in the clear. */
async function spoolInput(stdin: Readable, clock: Clock): Promise<InputFile> {
  const key = clock.randomBytes(32);
  const iv = clock.randomBytes(16);
  const file = await openNamelessFile((random) => join(tmpdir(), `passerby-${random}`), clock);
  const cipher = createCipheriv(CIPHER, key, iv);
  let size = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    await file.appendFile(cipher.update(chunk));
    size += chunk.length;
  }
  const plain = (): Readable => {
    const stored = createReadStream("", { fd: file, start: 0, autoClose: false, highWaterMark: CHUNK_BYTES });
    return pipeline(stored, createDecipheriv(CIPHER, key, iv), () => undefined);
  };
  return {
    storedBytes: () => size,
    read: (onBytes) => unpack("standard input", plain(), onBytes),
    close: () => file.close(),
  };
}

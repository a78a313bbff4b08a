/**
 * The bytes of a log file's lines, compressed or not; an offset is always that of the line as it was written. A compressed
 * file that is damaged gives what can be read of it, and says so.
 */
import { type FileHandle, open } from "node:fs/promises";
import { describeError, systemErrorCode } from "../../errors.ts";
import { type Compression, compressedName, compressionOf, shardOf } from "../files/log-files.ts";
import { inflateFile } from "./inflate-file.ts";

/** An open file. Reads of a compressed one that go backwards begin at its start again. */
export type LineSource = {
  /** Bytes of lines; `Number.MAX_SAFE_INTEGER` for a compressed file, whose end only reading finds. */
  readonly bytes: number;
  /** Fills a buffer with at most `length` bytes from a position on; returns how many, 0 behind the last. */
  readonly read: (buffer: Buffer, length: number, position: number) => Promise<number>;
  /** Why a compressed file could not be read to its end; undefined where it could, or was not yet. */
  readonly damage: () => string | undefined;
  readonly close: () => Promise<void>;
};

/**
 * Opens a log file, compressed as the ending of its name says, if not told otherwise; a shard that was compressed since it
 * was listed is opened as it lies there now. Close it. Throws the system's error when it is gone or unreadable.
 */
export async function openLineSource(path: string, told?: Compression): Promise<LineSource> {
  const { file, compression } = await openForm(path, told ?? compressionOf(path));
  try {
    if (compression === "none") return plainSource(file, (await file.stat()).size);
    const inflated = new InflatedFile(file, compression);
    return {
      bytes: Number.MAX_SAFE_INTEGER,
      read: (buffer, length, position) => inflated.read(buffer, length, position),
      damage: () => inflated.damage,
      close: () => inflated.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

type OpenForm = { readonly file: FileHandle; readonly compression: Compression };

async function openForm(path: string, compression: Compression): Promise<OpenForm> {
  try {
    return { file: await open(path, "r"), compression };
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    for (const form of ["gzip", "zstd"] as const) {
      const file = await openIfThere(compressedName(shardOf(path), form));
      if (file !== undefined) return { file, compression: form };
    }
    throw error;
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function plainSource(file: FileHandle, bytes: number): LineSource {
  return {
    bytes,
    read: async (buffer, length, position) => (await file.read(buffer, 0, length, position)).bytesRead,
    damage: () => undefined,
    close: () => file.close(),
  };
}

class InflatedFile {
  damage: string | undefined;
  private readonly file: FileHandle;
  private readonly compression: "gzip" | "zstd";
  private chunks: AsyncGenerator<Buffer, void, void> | undefined;
  private rest: Buffer = Buffer.alloc(0);
  /** Where `rest` begins. */
  private position = 0;

  constructor(file: FileHandle, compression: "gzip" | "zstd") {
    this.file = file;
    this.compression = compression;
  }

  async read(buffer: Buffer, length: number, position: number): Promise<number> {
    if (this.chunks === undefined || position < this.position) await this.begin();
    while (position >= this.position + this.rest.length) {
      if (!(await this.next())) return 0;
    }
    const from = position - this.position;
    const bytes = Math.min(length, this.rest.length - from);
    this.rest.copy(buffer, 0, from, from + bytes);
    return bytes;
  }

  async close(): Promise<void> {
    await this.chunks?.return();
    await this.file.close();
  }

  private async begin(): Promise<void> {
    await this.chunks?.return();
    this.chunks = inflateFile(this.file, this.compression);
    this.rest = Buffer.alloc(0);
    this.position = 0;
    this.damage = undefined;
  }

  /** False at the end, or where the file goes no further. */
  private async next(): Promise<boolean> {
    try {
      const { done, value } = (await this.chunks?.next()) ?? { done: true, value: undefined };
      if (done || value === undefined) return false;
      this.position += this.rest.length;
      this.rest = value;
      return true;
    } catch (error) {
      this.damage = describeError(error);
      return false;
    }
  }
}

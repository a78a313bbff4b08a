/**
 * The file of remembered event ids, `dedup-ids.bin` (`dedup-ids.wN.bin` for writer N): frames that are only appended,
 * each with its checksum. A frame that was cut off or damaged ends the file; what it would have said is read from the
 * log again, since each frame names the line of the log up to which the ids before it are known.
 *
 *   header  "PBIDS1\n", writers (u8): between how many writers ids are divided
 *   frame   count (u32), hour since 1970 (u32), seq (f64), start (16 bytes, padded with 0), ids (16 bytes each), CRC-32 (u32)
 *
 * Numbers are big-endian.
 */
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { systemErrorCode } from "../../errors.ts";
import type { LineMark } from "../../log/read/read-behind.ts";

const MAGIC = "PBIDS1\n";
export const ID_BYTES = 16;
const HEADER_BYTES = 8;
const HEAD_BYTES = 32;
const START_BYTES = 16;
const CRC_BYTES = 4;
/** So that a damaged count cannot ask for more memory than this. */
export const MAX_FRAME_IDS = 65_536;

export type IdFrame = {
  /** Hours since 1970 in which the ids were stored. */
  readonly hour: number;
  /** The last line of the log whose id is in this frame or before it; undefined where nothing was appended yet. */
  readonly mark: LineMark | undefined;
  /** 16 bytes an id. */
  readonly ids: Uint8Array;
};

const FILE_NAME = /^dedup-ids(?:\.w([1-9]\d{0,3}))?\.bin$/;

/** Returns the path of a writer's file. */
export function idFilePath(dataDir: string, writer: number): string {
  return join(dataDir, writer === 1 ? "dedup-ids.bin" : `dedup-ids.w${writer}.bin`);
}

/** Lists the writers that have a file. */
export function listIdFiles(dataDir: string): readonly number[] {
  return readdirSync(dataDir).flatMap((name) => {
    const match = FILE_NAME.exec(name);
    return match === null ? [] : [Number(match[1] ?? 1)];
  });
}

/** Returns the bytes that a file begins with. */
export function encodeHeader(writers: number): Uint8Array {
  return Buffer.concat([Buffer.from(MAGIC, "latin1"), Buffer.from([writers])]);
}

/** Returns a frame's bytes. At most MAX_FRAME_IDS ids. */
export function encodeFrame({ hour, mark, ids }: IdFrame): Uint8Array {
  const frame = Buffer.alloc(HEAD_BYTES + ids.length + CRC_BYTES);
  frame.writeUInt32BE(ids.length / ID_BYTES, 0);
  frame.writeUInt32BE(hour, 4);
  frame.writeDoubleBE(mark?.seq ?? 0, 8);
  frame.write(mark?.start ?? "", 16, START_BYTES, "latin1");
  frame.set(ids, HEAD_BYTES);
  frame.writeUInt32BE(crc32(frame.subarray(0, -CRC_BYTES)), frame.length - CRC_BYTES);
  return frame;
}

/** Between how many writers the ids of a file are divided; undefined for no file, or one that is none of ours. */
export function readWriters(path: string): number | undefined {
  return withFile(path, (file) => {
    const header = Buffer.alloc(HEADER_BYTES);
    const isWhole = readSync(file, header, 0, HEADER_BYTES, 0) === HEADER_BYTES;
    return isWhole && header.toString("latin1", 0, MAGIC.length) === MAGIC ? header[MAGIC.length] : undefined;
  });
}

/**
 * Calls `use` with each whole frame, oldest first; `ids` is only good during the call. Returns true when the file ends
 * with the last of them, false when something that is no frame follows or there is no file.
 */
export function readFrames(path: string, use: (frame: IdFrame) => void): boolean {
  if (readWriters(path) === undefined) return false;
  const isWhole = withFile(path, (file) => {
    const buffer = Buffer.alloc(HEAD_BYTES + MAX_FRAME_IDS * ID_BYTES + CRC_BYTES);
    let held = 0;
    for (let position = HEADER_BYTES; ; ) {
      const bytes = readSync(file, buffer, held, buffer.length - held, position);
      position += bytes;
      held += bytes;
      const used = takeFrames(buffer.subarray(0, held), use);
      if (used === 0) return held === 0;
      buffer.copyWithin(0, used, held);
      held -= used;
    }
  });
  return isWhole ?? false;
}

/** Returns how many bytes the whole frames at the beginning of a buffer take. */
function takeFrames(buffer: Buffer, use: (frame: IdFrame) => void): number {
  let at = 0;
  while (buffer.length - at >= HEAD_BYTES + CRC_BYTES) {
    const count = buffer.readUInt32BE(at);
    const end = at + HEAD_BYTES + count * ID_BYTES + CRC_BYTES;
    if (count > MAX_FRAME_IDS || end > buffer.length) break;
    if (crc32(buffer.subarray(at, end - CRC_BYTES)) !== buffer.readUInt32BE(end - CRC_BYTES)) break;
    use(decodeFrame(buffer.subarray(at, end)));
    at = end;
  }
  return at;
}

function decodeFrame(frame: Buffer): IdFrame {
  const start = frame.toString("latin1", 16, 16 + START_BYTES).replace(/\0+$/, "");
  return {
    hour: frame.readUInt32BE(4),
    mark: start === "" ? undefined : { start, seq: frame.readDoubleBE(8) },
    ids: frame.subarray(HEAD_BYTES, -CRC_BYTES),
  };
}

function withFile<Result>(path: string, use: (file: number) => Result): Result | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

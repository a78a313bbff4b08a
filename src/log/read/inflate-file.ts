/** Inflates an open file piece by piece, so that of a damaged one everything in front of the damage is given. */
import { once } from "node:events";
import type { FileHandle } from "node:fs/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";

/** What a piece inflates to is held: gzip makes at most 1,032 bytes of one (zlib.net, "Maximum Compression Factor"). */
const PIECE_BYTES = 16_384;

/**
 * Yields the bytes of a compressed file from its start; closes nothing but its own. Throws the error of zlib behind the
 * last byte that could be read: a stream that is piped drops what it holds when it fails.
 */
export async function* inflateFile(file: FileHandle, compression: "gzip" | "zstd"): AsyncGenerator<Buffer, void, void> {
  const inflate = compression === "gzip" ? createGunzip() : createZstdDecompress();
  const failure: { error?: Error } = {};
  let inflated: Buffer[] = [];
  inflate.on("data", (chunk: Buffer) => inflated.push(chunk));
  inflate.on("error", (error) => {
    failure.error = error;
  });
  const closed = once(inflate, "close").catch(() => undefined); // The error is met below.
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  try {
    for (let position = 0, isEnd = false; !isEnd && failure.error === undefined; ) {
      const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, position);
      position += bytesRead;
      isEnd = bytesRead === 0;
      if (isEnd) inflate.end();
      const taken = isEnd ? closed : new Promise((resolve) => inflate.write(piece.subarray(0, bytesRead), resolve));
      await Promise.race([taken, closed]);
      const chunks = inflated;
      inflated = [];
      yield* chunks;
    }
    if (failure.error !== undefined) throw failure.error;
  } finally {
    inflate.destroy();
  }
}

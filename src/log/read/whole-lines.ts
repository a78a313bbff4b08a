/** Finds where the last whole line of a file ends, from its end on, so that a large file costs no more than a small one. */
import { open } from "node:fs/promises";

const CHUNK_BYTES = 65_536;
const NEWLINE = 0x0a;

/** Returns how many of the first `bytes` of a plain file belong to whole lines. Throws the system's error. */
export async function findWholeBytes(path: string, bytes: number): Promise<number> {
  const file = await open(path, "r");
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (let end = bytes; end > 0; end -= CHUNK_BYTES) {
      const start = Math.max(0, end - CHUNK_BYTES);
      const { bytesRead } = await file.read(chunk, 0, end - start, start);
      const newline = chunk.subarray(0, bytesRead).lastIndexOf(NEWLINE);
      if (newline >= 0) return start + newline + 1;
    }
    return 0;
  } finally {
    await file.close();
  }
}

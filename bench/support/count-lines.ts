/** Counts the lines of a log without holding a file in memory: a bench writes gigabytes. */
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";

const CHUNK_BYTES = 16_777_216;
const NEWLINE = 0x0a;

/** Returns how many lines the plain files of a data directory's log have. */
export function countLogLines(dataDir: string): number {
  const names = readdirSync(dataDir).filter((name) => /^metrics.*\.jsonl$/.test(name));
  return names.reduce((sum, name) => sum + countLines(join(dataDir, name)), 0);
}

function countLines(path: string): number {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const file = openSync(path, "r");
  try {
    let count = 0;
    for (let bytes = readSync(file, chunk); bytes > 0; bytes = readSync(file, chunk)) {
      const piece = chunk.subarray(0, bytes);
      for (let at = piece.indexOf(NEWLINE); at >= 0; at = piece.indexOf(NEWLINE, at + 1)) count += 1;
    }
    return count;
  } finally {
    closeSync(file);
  }
}

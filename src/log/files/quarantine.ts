/** Moves a torn last line out of the active file, before anything is appended to it or named after it. */
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
} from "node:fs";
import { join } from "node:path";
import { utcDay } from "../../clock.ts";
import { PasserbyError } from "../../errors.ts";
import { cutFile, syncFolder, withFile, writeAll } from "./durable-file.ts";
import { activeName } from "./log-files.ts";

const CHUNK_BYTES = 65_536;
const NEWLINE = 0x0a;
const TORN = /^metrics-torn-(\d{4}-\d{2}-\d{2})-.+\.jsonl$/;

/**
 * Cuts a writer's active file back to its last whole line. What is cut off is first made durable in a file of its own,
 * `metrics-torn-DAY-writer-OFFSET-HASH.jsonl`, and never guessed at. Returns that name, or undefined when the file ends
 * in a whole line. The name follows from the content, so a second try after a kill replaces the first one's file.
 */
export function quarantineTornTail(dataDir: string, writer: number): string | undefined {
  const path = join(dataDir, activeName(writer));
  if (!existsSync(path)) return undefined;
  const torn = withFile(path, "r", (active) => {
    const stats = fstatSync(active);
    const wholeBytes = findWholeBytes(active, stats.size);
    return wholeBytes === stats.size
      ? undefined
      : { wholeBytes, name: copyTail(active, { dataDir, writer, stats, wholeBytes }) };
  });
  if (!torn) return undefined;
  cutFile(path, torn.wholeBytes);
  return torn.name;
}

/** Counts the torn lines in quarantine. */
export function countTornLines(dataDir: string): number {
  return readdirSync(dataDir).filter((name) => TORN.test(name)).length;
}

/** Deletes the torn lines of UTC days before one, by the day in their names; returns how many there were. */
export function deleteTornLines(dataDir: string, before: string): number {
  const files = readdirSync(dataDir, { withFileTypes: true }).filter((entry) => entry.isFile());
  const old = files.filter(({ name }) => (TORN.exec(name)?.[1] ?? before) < before);
  for (const { name } of old) rmSync(join(dataDir, name), { force: true });
  return old.length;
}

function findWholeBytes(descriptor: number, size: number): number {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let end = size; end > 0; end -= CHUNK_BYTES) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const bytes = readSync(descriptor, chunk, 0, end - start, start);
    const newline = chunk.subarray(0, bytes).lastIndexOf(NEWLINE);
    if (newline >= 0) return start + newline + 1;
  }
  return 0;
}

type Tail = { readonly dataDir: string; readonly writer: number; readonly stats: Stats; readonly wholeBytes: number };

function copyTail(active: number, { dataDir, writer, stats, wholeBytes }: Tail): string {
  const temporary = join(dataDir, `metrics-torn-w${writer}.tmp`);
  const copy = openSync(temporary, "w", 0o600);
  // Two starts may tear their first line after the same few bytes: the file they were in tells them apart.
  const hash = createHash("sha256").update(`${stats.ino} ${stats.birthtimeMs} ${wholeBytes} `);
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (let position = wholeBytes; position < stats.size; ) {
      const bytes = readSync(active, chunk, 0, Math.min(CHUNK_BYTES, stats.size - position), position);
      if (bytes === 0) break;
      const piece = chunk.subarray(0, bytes);
      hash.update(piece);
      writeAll(copy, piece);
      position += bytes;
    }
    checkWhole(copy, stats.size - wholeBytes);
    fsyncSync(copy);
  } finally {
    closeSync(copy);
  }
  const key = hash.digest("hex").slice(0, 12);
  const name = `metrics-torn-${utcDay(stats.mtimeMs)}-w${writer}-${wholeBytes}-${key}.jsonl`;
  renameSync(temporary, join(dataDir, name));
  syncFolder(dataDir);
  return name;
}

/** The original is cut when the copy is done, so the copy is not taken on trust. */
function checkWhole(copy: number, expectedBytes: number): void {
  const { size } = fstatSync(copy);
  if (size === expectedBytes) return;
  throw new PasserbyError("log_unavailable", `a torn line of ${expectedBytes} bytes was copied as ${size} bytes`);
}

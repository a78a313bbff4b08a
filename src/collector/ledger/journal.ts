/**
 * Writes one writer's ledger files: a write is appended as a whole to the file of a day, and a file that has grown far
 * beyond its rows is written anew. Synced only when the run ends: a kill takes nothing from what is written, and what a
 * power cut takes is recounted as after a kill.
 */
import { existsSync } from "node:fs";
import { type FileHandle, open, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "../../replace-file.ts";
import { journalName } from "./journal-files.ts";
import { encodeCommit, encodeRow, JournalReader } from "./journal-lines.ts";

/** A file is written anew when it has this many bytes and four times those that its rows take. */
const MIN_COMPACT_BYTES = 524_288;
const GROWTH = 4;
/** Lines read or made before other work gets its turn: about a millisecond. */
const LINES_AT_ONCE = 500;

/** The file that was written to last; `isTorn`: its end may be a piece of a line. */
type Newest = { readonly day: string; readonly bytes: number; readonly isTorn: boolean };

export class Journal {
  private readonly dataDir: string;
  private readonly writer: number;
  private newest: Newest | undefined;
  private compactAtBytes = MIN_COMPACT_BYTES;

  constructor(dataDir: string, writer: number) {
    this.dataDir = dataDir;
    this.writer = writer;
  }

  /** Appends a write to the file of a day. Throws the system's error; what it left of the write then counts nothing. */
  async append(day: string, text: string, options: { readonly sync: boolean }): Promise<void> {
    // What a killed process wrote last may lack its end, so the first write begins a line of its own, too.
    const isTorn = this.newest?.day !== day || this.newest.isTorn;
    if (this.newest?.day !== day) this.compactAtBytes = MIN_COMPACT_BYTES;
    const bytes = Buffer.from(isTorn ? `\n${text}` : text);
    const file = await open(this.pathOf(day), "a", 0o600);
    try {
      const { size } = await file.stat();
      this.newest = { day, bytes: size, isTorn: true };
      await appendWhole(file, bytes, size);
      if (options.sync) await file.datasync();
      this.newest = { day, bytes: size + bytes.length, isTorn: false };
    } finally {
      await file.close();
    }
  }

  /** Writes the newest file anew if it has grown enough. Throws the system's error; the file is then as it was. */
  async compactGrown(): Promise<void> {
    const { newest } = this;
    if (newest === undefined || newest.bytes < this.compactAtBytes) return;
    // Should it fail, it is tried again only when the file has grown as much once more.
    this.compactAtBytes = newest.bytes * GROWTH;
    const bytes = await this.compact(newest.day);
    this.compactAtBytes = Math.max(MIN_COMPACT_BYTES, bytes * GROWTH);
  }

  /** Writes the file of a day, if it is there, anew; returns its bytes. Throws the system's error; it is then as it was. */
  async compact(day: string): Promise<number> {
    const path = this.pathOf(day);
    if (!existsSync(path)) return 0;
    const text = await compactText(await readFile(path, "utf8"));
    const temporary = `${path}.tmp`;
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } catch (error) {
      await unlink(temporary).catch(() => undefined); // The first error is the one to tell.
      throw error;
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    syncFolder(this.dataDir);
    return Buffer.byteLength(text);
  }

  private pathOf(day: string): string {
    return join(this.dataDir, journalName(day, this.writer));
  }
}

/** Appends all bytes to a file of a size, or none: a full disk takes a part before it says so. */
async function appendWhole(file: FileHandle, bytes: Uint8Array, size: number): Promise<void> {
  try {
    for (let written = 0; written < bytes.length; ) written += (await file.write(bytes, written)).bytesWritten;
  } catch (error) {
    await file.truncate(size).catch(() => undefined); // The next write begins a line of its own.
    throw error;
  }
}

async function compactText(text: string): Promise<string> {
  const reader = new JournalReader();
  const pause = pauseEvery(LINES_AT_ONCE);
  for (const line of text.split("\n")) {
    if (line !== "") reader.push(line);
    await pause();
  }
  const { rows, commit } = reader;
  if (commit === undefined) return "";
  const lines: string[] = [];
  for (const row of rows.values()) {
    lines.push(encodeRow(row, commit.n));
    await pause();
  }
  return lines.join("") + encodeCommit(commit);
}

/** Lets other work have its turn at each so many calls. */
function pauseEvery(calls: number): () => Promise<void> | undefined {
  let called = 0;
  return () => {
    called += 1;
    return called % calls === 0 ? new Promise((resolve) => setImmediate(resolve)) : undefined;
  };
}

/**
 * Reads what a writer has stored behind a line that somebody remembers, so that a start makes good what a kill cut off
 * (the ledger, the window of event ids) without reading the whole log.
 */
import { type FileHandle, open } from "node:fs/promises";
import type { StoredEvent } from "../../event.ts";
import { compressionOf, type LogFile, listLogFiles } from "../files/log-files.ts";
import { encodePosition } from "../write/encode-line.ts";
import { isStoredEvent, positionOf } from "./decode-line.ts";
import { openListed } from "./open-listed.ts";
import { readEvents } from "./read-lines.ts";

/** A line of a writer, by the id of its start and its number in it. */
export type LineMark = { readonly start: string; readonly seq: number };

const CHUNK_BYTES = 1_048_576;

/**
 * Yields the events of a writer's lines behind a mark, in the order in which they were stored; every event of the writer
 * for no mark, or for one that is in no file any more, of which `onLost` is told first. Lines that hold no event are passed
 * over. Files are taken by the day and number in their names, so a clock that was set back over midnight can put lines out
 * of sight. With a mark, for a start only: nobody may seal while it is searched for.
 */
export async function* readBehind(
  dataDir: string,
  writer: number,
  mark: LineMark | undefined,
  onLost: () => void = () => undefined,
): AsyncGenerator<StoredEvent, void, void> {
  const files = (await listLogFiles(dataDir)).filter((file) => file.kind !== "import" && file.writer === writer);
  const found = mark === undefined ? undefined : await findMark(files, writer, mark);
  if (mark !== undefined && found === undefined) onLost();
  const { first, offset } = found ?? { first: 0, offset: 0 };
  for (const [index, file] of files.slice(first).entries()) {
    const opened = await openListed(dataDir, file);
    if (!opened) continue; // Deleted by its age meanwhile.
    try {
      for await (const { decoded } of opened.events(index === 0 ? offset : 0)) {
        if (isStoredEvent(decoded)) yield decoded;
      }
    } finally {
      await opened.close();
    }
  }
}

/** Finds the file that holds the mark, the newest first, and the first byte behind the mark's line. */
async function findMark(
  files: readonly LogFile[],
  writer: number,
  mark: LineMark,
): Promise<{ readonly first: number; readonly offset: number } | undefined> {
  const prefix = Buffer.from(encodePosition({ ...mark, writer: `w${writer}` }));
  for (let first = files.length - 1; first >= 0; first--) {
    const path = files[first]?.path ?? "";
    if (compressionOf(path) !== "none") {
      const offset = await findInCompressed(path, writer, mark);
      if (offset !== undefined) return { first, offset };
      continue;
    }
    const file = await open(path, "r");
    try {
      const offset = await findLineEnd(file, prefix);
      if (offset !== undefined) return { first, offset };
    } finally {
      await file.close();
    }
  }
  return undefined;
}

/** A compressed file can only be read from its beginning on. */
async function findInCompressed(path: string, writer: number, { start, seq }: LineMark): Promise<number | undefined> {
  for await (const { decoded, nextOffset } of readEvents(path)) {
    const place = positionOf(decoded);
    if (place?.writer === `w${writer}` && place.start === start && place.seq === seq) return nextOffset;
  }
  return undefined;
}

/** Searches a file backwards for a line that begins so; returns the first byte behind it. */
async function findLineEnd(file: FileHandle, prefix: Buffer): Promise<number | undefined> {
  const { size } = await file.stat();
  for (let end = size; end > 0; end -= CHUNK_BYTES) {
    const start = Math.max(0, end - CHUNK_BYTES);
    // What begins in this chunk may end in the next one.
    const chunk = Buffer.alloc(Math.min(size, end + prefix.length) - start);
    await file.read(chunk, 0, chunk.length, start);
    const found = chunk.lastIndexOf(prefix);
    if (found >= 0) return start + found + (await lineLength(file, start + found));
  }
  return undefined;
}

async function lineLength(file: FileHandle, from: number): Promise<number> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, from);
  const newline = chunk.subarray(0, bytesRead).indexOf(0x0a);
  return newline < 0 ? bytesRead : newline + 1;
}

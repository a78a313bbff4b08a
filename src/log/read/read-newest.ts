/** Reads the newest stored events from the end of the log backwards, so that a start does not read the whole log. */
import { type FileHandle, open } from "node:fs/promises";
import type { StoredEvent } from "../../event.ts";
import { type LogFile, listLogFiles } from "../files/log-files.ts";
import { decodeLine, isStoredEvent } from "./decode-line.ts";
import { MAX_LINE_BYTES } from "./read-chunks.ts";
import { readEvents } from "./read-lines.ts";

const CHUNK_BYTES = 65_536;
const NEWLINE = 0x0a;

/**
 * Returns the `count` newest events that the collector received, oldest first; imports are not among them. Lines that
 * hold no event are passed over.
 */
export async function readNewest(dataDir: string, count: number): Promise<readonly StoredEvent[]> {
  const files = (await listLogFiles(dataDir)).toReversed();
  const byWriter = Map.groupBy(files.filter(isCollected), (file) => file.writer);
  const newest: StoredEvent[] = [];
  for (const writerFiles of byWriter.values()) newest.push(...(await readNewestOf(writerFiles, count)));
  // The sort keeps the order of lines of one millisecond, which is the order in which they were stored.
  newest.sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : a.receivedAt > b.receivedAt ? 1 : 0));
  return newest.slice(Math.max(0, newest.length - count));
}

function isCollected(file: LogFile): file is Extract<LogFile, { readonly writer: number }> {
  return file.kind !== "import";
}

/** Reads files of one writer, newest first; returns events oldest first. */
async function readNewestOf(files: readonly LogFile[], count: number): Promise<StoredEvent[]> {
  const newestFirst: StoredEvent[] = [];
  for (const { path, compression } of files) {
    if (newestFirst.length >= count) break;
    if (compression !== "none") {
      newestFirst.push(...(await readLastOf(path, count - newestFirst.length)).reverse());
      continue;
    }
    const file = await open(path, "r");
    try {
      for await (const line of linesBackwards(file)) {
        if (newestFirst.length >= count) break;
        const event = decodeLine(line);
        if (isStoredEvent(event)) newestFirst.push(event);
      }
    } finally {
      await file.close();
    }
  }
  return newestFirst.reverse();
}

/** A compressed file can only be read from its beginning on. */
async function readLastOf(path: string, count: number): Promise<StoredEvent[]> {
  const last: StoredEvent[] = [];
  for await (const { decoded } of readEvents(path)) {
    if (!isStoredEvent(decoded)) continue;
    last.push(decoded);
    if (last.length > 2 * count) last.splice(0, last.length - count);
  }
  return last.slice(-count);
}

/** Yields whole lines from the last to the first; a line too long to be an event is passed over. */
async function* linesBackwards(file: FileHandle): AsyncGenerator<string, void, void> {
  const { size } = await file.stat();
  let tail: Buffer = Buffer.alloc(0);
  let isWhole = false; // Until the last newline is met, the tail is a line that is not finished.
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const chunk = Buffer.alloc(end - start);
    await file.read(chunk, 0, chunk.length, start);
    end = start;
    let block = Buffer.concat([chunk, tail]);
    for (let at = block.lastIndexOf(NEWLINE); at >= 0; at = block.lastIndexOf(NEWLINE)) {
      if (isWhole) yield block.toString("utf8", at + 1);
      isWhole = true;
      block = block.subarray(0, at);
    }
    tail = block.length > MAX_LINE_BYTES ? Buffer.alloc(0) : block;
  }
  if (isWhole) yield tail.toString("utf8");
}

/** Erases from quarantine: a torn or damaged line that is meant, or that may be, is taken out of its file for good. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { syncFile, syncFolder, withFile, writeAll } from "../files/durable-file.ts";
import type { TornErasure } from "./erase-journal.ts";
import { splitBlock } from "./line-blocks.ts";
import type { LineJudge } from "./target.ts";

const TORN = /^metrics-torn-(\d{4}-\d\d-\d\d)-.+\.jsonl$/;
/** A whole damaged file that a repair has put there keeps its form. */
const COMPRESSED = /\.(gz|zst)\.jsonl$/;

/** A file of quarantine in which something is meant; `kept` are the bytes that stay. */
export type TornFile = TornErasure & { readonly kept: Buffer };

export type TornSearch = {
  readonly files: readonly TornFile[];
  /** Files that cannot be read to their end: what is in the rest, nobody can say. */
  readonly unsearched: readonly string[];
};

/** Searches all files of quarantine. Throws the system's error. */
export async function searchTorn(dataDir: string, judge: LineJudge): Promise<TornSearch> {
  const files: TornFile[] = [];
  const unsearched: string[] = [];
  for (const name of readdirSync(dataDir).sort()) {
    const day = TORN.exec(name)?.[1];
    if (day === undefined) continue;
    const bytes = readFileSync(join(dataDir, name));
    const { lines, isWhole } = await readTorn(name, bytes);
    const kept = [...splitBlock(lines)].filter((line) => judge.judgeTorn(line, day) === undefined);
    const erased = countPieces(lines) - kept.length;
    if (erased === 0 && !isWhole) unsearched.push(name);
    if (erased === 0) continue;
    // What a repair kept of a whole compressed file goes as a whole: it is damaged, and its sound lines are in the shard.
    const rest = COMPRESSED.test(name) ? Buffer.alloc(0) : Buffer.concat(kept);
    const after = rest.length === 0 ? null : hashOf(rest);
    files.push({ file: name, erased, before: hashOf(bytes), after, kept: rest });
  }
  return { files, unsearched };
}

/** Takes out what was found; done twice, nothing changes. */
export function eraseTorn(dataDir: string, { file, kept }: TornFile): void {
  const path = join(dataDir, file);
  if (kept.length === 0) rmSync(path, { force: true });
  else {
    const temporary = `${path}.erase.tmp`;
    withFile(temporary, "w", (descriptor) => writeAll(descriptor, kept));
    syncFile(temporary);
    renameSync(temporary, path);
  }
  syncFolder(dataDir);
}

async function readTorn(name: string, bytes: Buffer): Promise<{ readonly lines: Buffer; readonly isWhole: boolean }> {
  const form = COMPRESSED.exec(name)?.[1];
  if (form === undefined) return { lines: bytes, isWhole: true };
  const inflate = form === "gz" ? createGunzip() : createZstdDecompress();
  const pieces: Buffer[] = [];
  inflate.end(bytes);
  try {
    for await (const piece of inflate) pieces.push(piece);
    return { lines: Buffer.concat(pieces), isWhole: true };
  } catch {
    return { lines: Buffer.concat(pieces), isWhole: false };
  }
}

function countPieces(lines: Buffer): number {
  return [...splitBlock(lines)].length;
}

function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

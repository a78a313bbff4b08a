/** Logs for tests of verify: made by the real writer, one shard a start, then damaged by hand. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { type Compression, compressedName, compressionOf } from "../../src/log/files/log-files.ts";
import { readManifest, withShard, writeManifest } from "../../src/log/files/manifest.ts";
import { openLog } from "../../src/log/log.ts";
import { measureShard } from "../../src/log/read/measure-shard.ts";
import type { Damage } from "../../src/log/verify/findings.ts";
import { type VerifiedLog, verifyLog } from "../../src/log/verify/verify-log.ts";
import { makeFolder } from "./log-fixtures.ts";
import { makeEvent } from "./make-event.ts";

/** The shard that tests damage; it has a shard before it and one behind it. */
export const SHARD = "metrics-2026-11-23.2.jsonl";
/** Stands in every event; no report may hold it. */
export const CANARY = "canary-7f3a";

/** Fills a folder with three sealed shards and a file that is being written, of so many events each; nobody runs. */
export async function writeLogFiles(dataDir: string, events: number): Promise<void> {
  for (let start = 1; start <= 4; start++) {
    const log = await openLog({ dataDir, clock: systemClock, durability: "os", maxQueueBytes: 16_777_216 });
    await log.append(Array.from({ length: events }, (_, index) => makeEvent(`${start}-${index}`, { title: CANARY })));
    await log.close();
  }
}

/** Gives each test of a file a folder of its own with such a log, which is written once; returns what says where it is. */
export function useLogCopies(events: number): () => string {
  const made = mkdtempSync(join(tmpdir(), "passerby-verify-"));
  let dataDir = "";
  beforeAll(() => writeLogFiles(made, events));
  afterAll(() => rmSync(made, { recursive: true }));
  beforeEach(() => {
    dataDir = makeFolder();
    cpSync(made, dataDir, { recursive: true });
  });
  return () => dataDir;
}

/** Measures every shard of a folder into the manifest, as the rotator does. */
export async function measureAll(dataDir: string): Promise<void> {
  for (const name of readdirSync(dataDir).filter((file) => /^metrics-(?:\d|import-).*\.jsonl/.test(file))) {
    const facts = { ...(await measureShard(join(dataDir, name))), generation: 0 };
    const shard = name.replace(/\.(gz|zst)$/, "");
    writeManifest(dataDir, withShard(readManifest(dataDir), shard, facts));
  }
}

/** Brings a shard into a form; returns its name there. */
export function storeAs(dataDir: string, shard: string, compression: Compression): string {
  const name = compressedName(shard, compression);
  const lines = readFileSync(join(dataDir, shard));
  if (compression !== "none") {
    writeFileSync(join(dataDir, name), pack(lines, compression), { mode: 0o600 });
    rmSync(join(dataDir, shard));
  }
  return name;
}

/** Returns the lines of a shard, each with its newline, in whatever form it is. */
export function readShardLines(dataDir: string, name: string): readonly Buffer[] {
  const bytes = readFileSync(join(dataDir, name));
  const form = compressionOf(name);
  return splitLines(form === "gzip" ? gunzipSync(bytes) : form === "zstd" ? zstdDecompressSync(bytes) : bytes);
}

/** Replaces a shard's lines, in the form it is in. */
export function writeShardLines(dataDir: string, name: string, lines: readonly Buffer[]): void {
  writeFileSync(join(dataDir, `${name}.new`), pack(Buffer.concat(lines), compressionOf(name)));
  renameSync(join(dataDir, `${name}.new`), join(dataDir, name));
}

/** Verifies a folder as the command does. */
export function verify(dataDir: string): Promise<VerifiedLog> {
  return verifyLog({ dataDir, clock: systemClock });
}

/** Returns where damage is, in short. */
export function placesOf(
  damage: readonly Damage[],
): readonly (readonly [string, number | null, number | null, string])[] {
  return damage.map(({ file, line, offset, kind }) => [file, line, offset, kind]);
}

/** Cuts behind each newline. */
export function splitLines(bytes: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const newline = bytes.indexOf("\n", from);
    const end = newline < 0 ? bytes.length : newline + 1;
    lines.push(bytes.subarray(from, end));
    from = end;
  }
  return lines;
}

function pack(lines: Buffer, compression: Compression): Buffer {
  return compression === "gzip" ? gzipSync(lines) : compression === "zstd" ? zstdCompressSync(lines) : lines;
}

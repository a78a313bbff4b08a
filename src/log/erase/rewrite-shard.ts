/**
 * Writes a shard anew without the events that are meant: each of their lines becomes one that says only where it stood, every
 * other line keeps its bytes. The new file is durable and read back before anybody may trust it.
 */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { PassThrough, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip, createZstdCompress } from "node:zlib";
import { PasserbyError } from "../../errors.ts";
import { syncFile } from "../files/durable-file.ts";
import type { Compression, LogFile } from "../files/log-files.ts";
import type { ShardFacts } from "../files/manifest.ts";
import { measureShard } from "../read/measure-shard.ts";
import { encodeErased } from "../write/encode-line.ts";
import { countLines, readBlocks, splitBlock } from "./line-blocks.ts";
import type { LineJudge } from "./target.ts";

/** What a search found in a file. */
export type Found = {
  /** Lines that are meant. */
  readonly meant: number;
  /** SHA-256 of all lines, in hex. */
  readonly sha256: string;
};

/** A shard written anew, under a temporary name. */
export type Rewritten = {
  readonly erased: number;
  /** Ids of the erased events, as far as their lines told them. */
  readonly eventIds: readonly string[];
  /** SHA-256 of the lines that were read. */
  readonly before: string;
  readonly facts: Omit<ShardFacts, "generation">;
};

/** Counts the lines of a file that are meant. Throws `log_damaged`, or the system's error. */
export async function searchFile(file: LogFile, judge: LineJudge): Promise<Found> {
  const hash = createHash("sha256");
  let meant = 0;
  for await (const block of readBlocks(file.path)) {
    hash.update(block);
    if (!judge.mayHold(block)) continue;
    for (const line of splitBlock(block)) if (judge.judge(line, dayOf(file))) meant += 1;
  }
  return { meant, sha256: hash.digest("hex") };
}

/**
 * Writes `temporary` in the form of the shard, 0600. Throws `log_damaged` for a shard that cannot be read to its end and
 * `log_unavailable` where the new file is not what was written; the shard itself is untouched.
 */
export async function rewriteShard(file: LogFile, judge: LineJudge, temporary: string): Promise<Rewritten> {
  const eraser = new Eraser(judge, dayOf(file));
  const output = await open(temporary, "w", 0o600);
  await pipeline(eraser.run(file.path), compressor(file.compression), output.createWriteStream());
  syncFile(temporary);
  const facts = await measureShard(temporary);
  const { sha256, bytes, lines } = eraser.written();
  if (facts.sha256 === sha256 && facts.bytes === bytes && facts.lines === lines) return { ...eraser.result(), facts };
  throw new PasserbyError("log_unavailable", `${file.name} was rewritten and does not read back: nothing is replaced`);
}

class Eraser {
  private readonly judge: LineJudge;
  private readonly day: string | undefined;
  private readonly before = createHash("sha256");
  private readonly after = createHash("sha256");
  private readonly eventIds: string[] = [];
  private bytes = 0;
  private lines = 0;
  private erased = 0;

  constructor(judge: LineJudge, day: string | undefined) {
    this.judge = judge;
    this.day = day;
  }

  async *run(path: string): AsyncGenerator<Buffer, void, void> {
    for await (const block of readBlocks(path)) {
      this.before.update(block);
      const kept = this.judge.mayHold(block) ? this.eraseLines(block) : block;
      this.after.update(kept);
      this.bytes += kept.length;
      this.lines += countLines(kept);
      yield kept;
    }
  }

  /** To be asked once, at the end. */
  written(): Pick<ShardFacts, "sha256" | "bytes" | "lines"> {
    return { sha256: this.after.digest("hex"), bytes: this.bytes, lines: this.lines };
  }

  result(): Omit<Rewritten, "facts"> {
    return { erased: this.erased, eventIds: this.eventIds, before: this.before.digest("hex") };
  }

  private eraseLines(block: Buffer): Buffer {
    const kept = [...splitBlock(block)].map((line) => {
      const meant = this.judge.judge(line, this.day);
      if (meant === undefined) return line;
      this.erased += 1;
      if (meant.eventId !== undefined) this.eventIds.push(meant.eventId);
      return Buffer.from(encodeErased(meant.position));
    });
    return Buffer.concat(kept);
  }
}

/** The day in a shard's name; a file that is being written and an import have none. */
function dayOf(file: LogFile): string | undefined {
  return file.kind === "sealed" ? file.day : undefined;
}

function compressor(compression: Compression): Transform {
  if (compression === "gzip") return createGzip();
  // Without a checksum of its own a flipped bit in a frame goes unnoticed (RFC 8878, section 3.1.1).
  if (compression === "zstd") return createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  return new PassThrough();
}

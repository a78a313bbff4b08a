/**
 * Puts a compressed form in the place of a plain shard. At every moment one of the two is there whole: the plain one goes
 * only when the other has been read back, is what the manifest says, and is on disk under its name.
 */
import { constants, linkSync, rmSync, unlinkSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip, createZstdCompress, constants as zlib } from "node:zlib";
import { PasserbyError } from "../../errors.ts";
import { syncFolder } from "../files/durable-file.ts";
import { compressedName } from "../files/log-files.ts";
import type { ShardFacts } from "../files/manifest.ts";
import { measureShard } from "../read/measure-shard.ts";
import { statFile } from "./find-files.ts";

/** Called when a step is done: a test ends the process there. */
export type OnStep = (step: string) => void;

export type CompressOptions = {
  readonly dataDir: string;
  readonly shard: string;
  readonly facts: ShardFacts;
  readonly compression: "gzip" | "zstd";
  readonly signal: AbortSignal;
  readonly onStep: OnStep;
};

/** zlib's own default, and the gzip program's. */
const GZIP_LEVEL = 6;

/** Name of a compressed file that is not verified yet; it ends as its content asks, and is no name of the log. */
export function temporaryName(shard: string, compression: "gzip" | "zstd"): string {
  return compressedName(`${shard}.tmp`, compression);
}

/**
 * Compresses a shard and returns the bytes it takes now. Throws `log_damaged` when what was read back is not what the
 * manifest says, the system's error (a full disk), or an AbortError: then the plain file is as it was.
 */
export async function compressShard(options: CompressOptions): Promise<number> {
  const { dataDir, shard, facts, compression, onStep } = options;
  const temporary = join(dataDir, temporaryName(shard, compression));
  const path = join(dataDir, compressedName(shard, compression));
  try {
    await writeCompressed(join(dataDir, shard), temporary, options);
    onStep("compressed file synced");
    await checkFacts(temporary, shard, facts);
    onStep("compressed file verified");
    linkSync(temporary, path); // A rename would replace what is there, whatever it is.
    onStep("compressed file named");
    syncFolder(dataDir);
    onStep("name synced");
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  unlinkSync(join(dataDir, shard));
  onStep("plain file removed");
  unlinkSync(temporary);
  syncFolder(dataDir);
  onStep("removal synced");
  return statFile(path)?.size ?? 0;
}

/** Says whether a form of a shard holds what the manifest says. */
export async function holdsFacts(path: string, facts: ShardFacts): Promise<boolean> {
  const { sha256, bytes, lines } = await measureShard(path).catch((error: unknown) => {
    if (error instanceof PasserbyError && error.code === "log_damaged") return { sha256: "", bytes: 0, lines: 0 };
    throw error;
  });
  return sha256 === facts.sha256 && bytes === facts.bytes && lines === facts.lines;
}

async function checkFacts(temporary: string, shard: string, facts: ShardFacts): Promise<void> {
  if (await holdsFacts(temporary, facts)) return;
  const message = `${shard} is not what the manifest says, and stays as it is: passerby verify tells where`;
  throw new PasserbyError("log_damaged", message);
}

async function writeCompressed(from: string, to: string, options: CompressOptions): Promise<void> {
  const { signal, onStep } = options;
  // Not through a link, wherever one came from since the folder was looked at.
  const plain = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const output = await open(to, "wx", 0o600);
    try {
      onStep("compressed file made");
      await keepOwner(plain, output);
      // The handle is closed here, when it is synced: a stream of its own would close it before.
      const write = async (chunks: AsyncIterable<Uint8Array>): Promise<void> => {
        for await (const chunk of chunks) await output.appendFile(chunk);
      };
      await pipeline(plain.createReadStream({ start: 0 }), compressorOf(options.compression), write, { signal });
      onStep("compressed file written");
      await output.sync();
    } finally {
      await output.close();
    }
  } finally {
    await plain.close();
  }
}

/** Run by root beside a collector of another user, the shard must stay that user's. */
async function keepOwner(plain: FileHandle, output: FileHandle): Promise<void> {
  const { uid, gid } = await plain.stat();
  if (process.getuid?.() === 0) await output.chown(uid, gid);
}

function compressorOf(compression: "gzip" | "zstd"): Transform {
  if (compression === "gzip") return createGzip({ level: GZIP_LEVEL });
  // With a checksum of the content, as gzip has one; the level is zstd's default.
  return createZstdCompress({ params: { [zlib.ZSTD_c_checksumFlag]: 1 } });
}

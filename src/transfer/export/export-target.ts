/** Where an export goes: a stream such as standard output, or a file that is there as a whole or not at all (0600). */
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, mkdtemp, open, realpath, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describeError, PasserbyError, systemErrorCode } from "../../errors.ts";
import { syncFolder } from "../../replace-file.ts";

/** Writes into a folder of its own and returns the path of what it wrote there. */
export type WriteInFolder = (folder: string) => Promise<string>;

/** Writes text to a stream and waits where it is slow. Returns false when its reader has gone away. */
export async function writeToStream(texts: AsyncIterable<string | Buffer>, stream: Writable): Promise<boolean> {
  try {
    await pipeline(Readable.from(texts, { highWaterMark: 2 }), stream, { end: false });
    return true;
  } catch (error) {
    // `passerby export | head` is no failure.
    if (systemErrorCode(error) === "EPIPE" || systemErrorCode(error) === "ERR_STREAM_PREMATURE_CLOSE") return false;
    throw error;
  }
}

/** Makes a file in a private folder, then sends its content to a stream. */
export async function sendFile(write: WriteInFolder, stream: Writable): Promise<boolean> {
  return inPrivateFolder(await realpath(tmpdir()), async (folder) =>
    writeToStream(createReadStream(await write(folder)), stream),
  );
}

/**
 * Makes a file in a private folder beside `path`, then puts it, synced, in the place of `path`. Throws
 * `setting_invalid` for a path inside the data directory and where nothing can be written.
 */
export async function placeFile(write: WriteInFolder, path: string, dataDir: string): Promise<void> {
  const target = resolve(path);
  try {
    const beside = await realpath(dirname(target));
    const inDataDir = await realpath(dataDir).then(
      (real) => beside === real,
      () => false,
    );
    if (inDataDir) {
      throw new PasserbyError("setting_invalid", `--out ${path} is inside the data directory: write somewhere else`);
    }
    await inPrivateFolder(beside, async (folder) => {
      const made = await write(folder);
      await syncFile(made);
      await rename(made, join(beside, basename(target)));
      syncFolder(beside);
    });
  } catch (cause) {
    if (cause instanceof PasserbyError || systemErrorCode(cause) === undefined) throw cause;
    throw new PasserbyError("setting_invalid", `--out ${path} cannot be written: ${describeError(cause)}`, { cause });
  }
}

/** Writes text to a new file and returns its path. */
export async function writeTextFile(path: string, texts: AsyncIterable<string>): Promise<string> {
  await pipeline(Readable.from(texts, { highWaterMark: 2 }), createWriteStream(path, { flags: "wx", mode: 0o600 }));
  return path;
}

async function syncFile(path: string): Promise<void> {
  await chmod(path, 0o600);
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function inPrivateFolder<Result>(parent: string, use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(parent, ".passerby-export-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

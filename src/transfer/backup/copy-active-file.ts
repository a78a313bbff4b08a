/** Copies a file that a collector is writing and could not seal: its whole lines, as far as they are acknowledged. */
import { constants, rmSync, statSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { describeError } from "../../errors.ts";
import { cutFile } from "../../log/files/durable-file.ts";
import type { LogFile } from "../../log/files/log-files.ts";
import { measureShard } from "../../log/read/measure-shard.ts";
import { findWholeBytes } from "../../log/read/whole-lines.ts";
import { copyName, temporaryName } from "./copy-names.ts";
import { type CopiedOrNot, type CopyShardOptions, putShard } from "./copy-shard.ts";
import { isFolderFull } from "./put-copy.ts";

/** The name of a copy is made of what it holds, which is known only when it is cut: until then it has this one's. */
const UNKNOWN = "0".repeat(64);

/**
 * Copies the whole lines that end at `acknowledgedBytes` or before; without it, all that there are. Nothing for a file
 * without a whole line. Throws the system's error when the folder is full.
 */
export async function copyActiveFile(
  source: LogFile,
  acknowledgedBytes: number | undefined,
  options: CopyShardOptions,
): Promise<CopiedOrNot | undefined> {
  const draft = join(options.folder, temporaryName(copyName(UNKNOWN, source.name)));
  rmSync(draft, { force: true });
  try {
    await copyFile(source.path, draft, constants.COPYFILE_EXCL);
    const bytes = await findWholeBytes(draft, Math.min(acknowledgedBytes ?? source.bytes, statSync(draft).size));
    if (bytes === 0) return undefined;
    cutFile(draft, bytes);
    const facts = { ...(await measureShard(draft)), generation: 0 };
    const copy = await putShard({ ...source, path: draft }, facts, options);
    return copy === undefined ? { problem: `${source.name} could not be read back` } : { copy };
  } catch (error) {
    if (isFolderFull(error)) throw error;
    return { problem: `${source.name} could not be copied: ${describeError(error)}` };
  } finally {
    rmSync(draft, { force: true });
  }
}

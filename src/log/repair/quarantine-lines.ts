/** Copies what is damaged into quarantine: durable before anything is taken away, under a name that follows from the content. */
import { createHash } from "node:crypto";
import { createReadStream, linkSync, renameSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { systemErrorCode } from "../../errors.ts";
import { syncFile, syncFolder } from "../files/durable-file.ts";
import { type LogFile, parseLogFileName } from "../files/log-files.ts";
import { openLineSource } from "../read/line-source.ts";
import type { ByteRange } from "../verify/scan-file.ts";
import { copyRanges } from "./copy-ranges.ts";

/** Ending of what a repair is writing: no name of the log, and removed by the next repair. */
export const REPAIR_TMP = ".repair.tmp";

/** `day` is the one in the name, which retention goes by. */
export type QuarantineOptions = { readonly dataDir: string; readonly file: LogFile; readonly day: string };

/**
 * Copies lines of a file (a form of the shard `file`) to `metrics-torn-DAY-PART-OFFSET-HASH.jsonl`; returns the name. A
 * second try after a kill replaces the first one's file.
 */
export async function quarantineLines(
  { dataDir, file, day }: QuarantineOptions,
  path: string,
  ranges: readonly ByteRange[],
): Promise<string> {
  const temporary = join(dataDir, `metrics-torn-${partOf(file)}${REPAIR_TMP}`);
  const hash = createHash("sha256").update(`${file.shard} ${JSON.stringify(ranges)} `);
  const source = await openLineSource(path);
  try {
    const copy = await open(temporary, "w", 0o600);
    try {
      for await (const piece of copyRanges(source, ranges)) {
        hash.update(piece);
        await copy.writeFile(piece);
      }
      await copy.sync();
    } finally {
      await copy.close();
    }
  } finally {
    await source.close();
  }
  const key = hash.digest("hex").slice(0, 12);
  const name = `metrics-torn-${day}-${partOf(file)}-${ranges[0]?.from ?? 0}-${key}.jsonl`;
  renameSync(temporary, join(dataDir, name));
  syncFolder(dataDir);
  return name;
}

/**
 * Gives a whole file a second name in quarantine, `metrics-torn-DAY-PART-raw-HASH.jsonl`, with `.gz` or `.zst` before the
 * ending for a compressed one; returns the name.
 */
export async function quarantineFile({ dataDir, file, day }: QuarantineOptions, path: string): Promise<string> {
  const hash = createHash("sha256").update(`${file.shard} `);
  await pipeline(createReadStream(path), hash);
  const form = /\.(?:gz|zst)$/.exec(path)?.[0] ?? "";
  const name = `metrics-torn-${day}-${partOf(file)}-raw-${hash.digest("hex").slice(0, 12)}${form}.jsonl`;
  syncFile(path);
  try {
    linkSync(path, join(dataDir, name));
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error; // A repair that was killed: the name says the same content.
  }
  syncFolder(dataDir);
  return name;
}

/** `w1.3` for the third shard of a day, `import-spring-1` for one of an import. */
function partOf({ shard }: LogFile): string {
  const name = parseLogFileName(shard);
  if (name === undefined || name.kind === "active") return "unknown";
  return name.kind === "sealed" ? `w${name.writer}.${name.number}` : `import-${name.dataset}-${name.number}`;
}

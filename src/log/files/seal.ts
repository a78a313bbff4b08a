/**
 * Turns an active file into a sealed shard, whose content is on disk before it has that name. A shard is named for
 * the UTC day on which its first line was received (for a file without one, the day it was last changed), even where a
 * later line is of the next day.
 */
import { fstatSync, lstatSync, readdirSync, readSync, type Stats, unlinkSync } from "node:fs";
import { join } from "node:path";
import { utcDay } from "../../clock.ts";
import { describeError, systemErrorCode } from "../../errors.ts";
import { renameToFree, syncFile, syncFolder, withFile } from "./durable-file.ts";
import { activeName, nextShardNumber, parseLogFileName, sealedName, seriesOf } from "./log-files.ts";
import { lastNumberOf, readManifest } from "./manifest.ts";

/** How much of a file is looked at to find its day. */
const HEAD_BYTES = 1_048_576;
const UTC_DAY = /^(\d{4}-\d{2}-\d{2})T/;

/**
 * Seals a writer's active file, which nobody may hold open for writing and which must end in whole lines. Returns the
 * shard's name; undefined when there was nothing to seal (an empty file is removed). A seal that was cut short is
 * completed: a file that already has a shard's name only loses the active one. A name is never used twice: a manifest that
 * cannot be read is warned about, and only the names in the folder are known then.
 */
export function sealActiveFile(
  dataDir: string,
  writer: number,
  onWarning: (message: string) => void = () => undefined,
): string | undefined {
  const name = activeName(writer);
  const path = join(dataDir, name);
  const stats = statIfThere(path);
  if (!stats) return undefined;
  const names = readdirSync(dataDir);
  const sealed = stats.nlink > 1 ? findShardOf(dataDir, stats, names) : undefined;
  if (stats.size === 0 || sealed !== undefined) {
    syncFolder(dataDir);
    unlinkSync(path);
    return sealed;
  }
  // A killed writer may have left lines that no sync has covered, and a failed one a cut: what a shard shows must stay.
  syncFile(path);
  const series = { kind: "sealed", writer, day: dayOf(path), number: 0 } as const;
  // The folder first: a shard that is not in it any more was in the manifest before it was deleted.
  const first = Math.max(nextShardNumber(names, series), readLastNumber(dataDir, seriesOf(series), onWarning) + 1);
  return renameToFree(dataDir, name, (attempt) => sealedName({ ...series, number: first + attempt }));
}

function readLastNumber(dataDir: string, series: string, onWarning: (message: string) => void): number {
  try {
    return lastNumberOf(readManifest(dataDir), series);
  } catch (error) {
    onWarning(`numbers of deleted shards are not known, and may be used again: ${describeError(error)}`);
    return 0;
  }
}

function statIfThere(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function findShardOf(dataDir: string, active: Stats, names: readonly string[]): string | undefined {
  return names.find((name) => {
    if (parseLogFileName(name)?.kind !== "sealed") return false;
    const shard = lstatSync(join(dataDir, name));
    return shard.ino === active.ino && shard.dev === active.dev;
  });
}

function dayOf(path: string): string {
  return withFile(path, "r", (descriptor) => {
    const head = Buffer.alloc(HEAD_BYTES);
    const bytes = readSync(descriptor, head, 0, HEAD_BYTES, 0);
    const lines = head.toString("utf8", 0, bytes).split("\n");
    for (const line of lines) {
      const day = receivedDay(line);
      if (day !== undefined) return day;
    }
    return utcDay(fstatSync(descriptor).mtimeMs);
  });
}

/** Reads the one field by itself: the schema of a whole line takes 0.14 s to load, and every start waits for this. */
function receivedDay(line: string): string | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || !("received_at" in value)) return undefined;
    const day = UTC_DAY.exec(String(value.received_at))?.[1];
    return day === undefined || Number.isNaN(Date.parse(day)) ? undefined : day;
  } catch {
    return undefined; // A damaged line: the next one tells the day.
  }
}

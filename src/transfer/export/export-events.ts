/**
 * Exports events of the log as JSON lines, CSV or Parquet. It promises: each event that the filter takes is written once,
 * in the log's order; a file is there as a whole or not at all; memory does not grow with the log.
 *
 *   log (plain, gz, zst) ▸ events, each once ▸ filter ▸ text or columns ▸ standard output, or a file put in its place
 *
 * The log is what is read, not the store: it is the source of truth, and no collector need run, or stop.
 */
import { join } from "node:path";
import type { Writable } from "node:stream";
import type { Clock } from "../../clock.ts";
import type { StoredEvent } from "../../event.ts";
import { refuseHalfRestored } from "../../log/files/half-restored.ts";
import type { EventFilter } from "./event-filter.ts";
import { toCsv, toJsonLines } from "./event-texts.ts";
import { placeFile, sendFile, writeTextFile, writeToStream } from "./export-target.ts";
import { LogReader, type ReadCounts } from "./log-events.ts";
import { writeParquet } from "./write-parquet.ts";

export const EXPORT_FORMATS = ["jsonl", "csv", "parquet"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export type ExportOptions = {
  readonly dataDir: string;
  readonly format: ExportFormat;
  readonly filter: EventFilter;
  /** Path of a file, or null for `stdout`. */
  readonly out: string | null;
  readonly stdout: Writable;
  /** Event ids that are remembered to leave copies out. */
  readonly windowIds: number;
  readonly clock: Clock;
  /** Told how much of the log is read, from 0 to 1. */
  readonly onProgress: (share: number) => void;
};

/** What an export did. `isComplete` is false when the reader of standard output went away before the end. */
export type ExportReport = Readonly<ReadCounts> & {
  readonly format: ExportFormat;
  readonly out: string | null;
  readonly isComplete: boolean;
  readonly seconds: number;
};

/** Exports. Throws `setting_invalid` when `out` cannot be written, `data_dir_unusable` for a folder that is half restored, and the system's error when the log cannot be read. */
export async function exportEvents(options: ExportOptions): Promise<ExportReport> {
  const { format, out, clock, dataDir, stdout } = options;
  const startMs = clock.monotonicMs();
  refuseHalfRestored(dataDir);
  const reader = new LogReader(options);
  const write = (folder: string): Promise<string> => writeFile(folder, format, reader.batches());
  let isComplete = true;
  if (out !== null) await placeFile(write, out, dataDir);
  else if (format === "parquet") isComplete = await sendFile(write, stdout);
  else isComplete = await writeToStream(textsOf(format, reader.batches()), stdout);
  return { ...reader.counts, format, out, isComplete, seconds: (clock.monotonicMs() - startMs) / 1000 };
}

function writeFile(
  folder: string,
  format: ExportFormat,
  batches: AsyncIterable<readonly StoredEvent[]>,
): Promise<string> {
  if (format === "parquet") return writeParquet(folder, batches);
  return writeTextFile(join(folder, `events.${format}`), textsOf(format, batches));
}

function textsOf(
  format: Exclude<ExportFormat, "parquet">,
  batches: AsyncIterable<readonly StoredEvent[]>,
): AsyncIterable<string> {
  return format === "csv" ? toCsv(batches) : toJsonLines(batches);
}

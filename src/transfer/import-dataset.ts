/**
 * Imports one file of any format as part of a named dataset. It promises: all events of a file or none are in the log,
 * whenever the import is killed; the same file again adds nothing, whatever it is called then; memory does not grow with
 * the file.
 *
 *   file ▸ fingerprint (first reading) ▸ a format's reader (second reading) ▸ events ▸ one shard ▸ the dataset's record
 *
 * A file imported before is recognised by its SHA-256, a file that has grown by the part it began with: of that only
 * what is new is imported. A shard is only added to the data directory, so a collector may be running there or not.
 */
import type { Readable } from "node:stream";
import type { Clock } from "../clock.ts";
import type { Site } from "../config.ts";
import { describeError, PasserbyError, systemErrorCode } from "../errors.ts";
import type { AcceptedEvent } from "../event.ts";
import { refuseHalfRestored } from "../log/files/half-restored.ts";
import { isDatasetName } from "../log/files/log-files.ts";
import { prepareDataDir } from "../log/owner/ownership.ts";
import { type ImportShard, writeImportShard } from "../log/write/import-shard.ts";
import {
  type Dataset,
  type ImportedShard,
  listImportedShards,
  readDataset,
  removeLeftovers,
  writeDataset,
} from "./dataset.ts";
import { fileKey } from "./import-id.ts";
import { type InputFile, type Inspection, inspectInput, limitBytes, openInput } from "./input-file.ts";

/** What every import is told. */
export type DatasetImport = {
  /** Path of the file, or `-` for standard input. */
  readonly path: string;
  readonly stdin: Readable;
  readonly dataDir: string;
  /** Name of the dataset: 1 to 40 of a to z, 0 to 9 and `-`. */
  readonly dataset: string;
  /** Days from now that the events are kept, null for ever; undefined leaves what the dataset has. */
  readonly keepDays: number | null | undefined;
  readonly site: Site;
  readonly clock: Clock;
  /** Told how much of the work is done, from 0 to 1, with every piece read. */
  readonly onProgress: (share: number) => void;
};

/** What every import did. */
export type DatasetReport = {
  readonly dataset: string;
  readonly site: string;
  /** Events written now. */
  readonly added: number;
  /** Base name of the new shard; null when nothing was added. */
  readonly shard: string | null;
  readonly keepDays: number | null;
  readonly seconds: number;
};

/** A file that is known, for a format's reader. */
export type ImportSource = {
  readonly path: string;
  /** Key of the file, of which the ids of events without one of their own are made. */
  readonly key: string;
  /** Length of the content, unpacked. */
  readonly bytes: number;
  /** What begins before this byte was imported earlier. */
  readonly presentBytes: number;
  /** The content from its start, counted as progress. */
  readonly chunks: () => AsyncIterable<Buffer>;
  /** The content from its start, not counted: for a look at what it is. */
  readonly peek: () => AsyncIterable<Buffer>;
};

/** Reads the new events of a file in batches. */
export type ReadSource = (
  source: ImportSource,
) => AsyncIterable<readonly AcceptedEvent[]> | Promise<AsyncIterable<readonly AcceptedEvent[]>>;

/**
 * Imports a file. Throws `input_unreadable` when it cannot be read to its end or `read` refuses it, `invalid_request`
 * for a bad dataset name, `data_dir_unusable`; then nothing was imported.
 */
export async function importDataset(options: DatasetImport, read: ReadSource): Promise<DatasetReport> {
  const { clock, dataDir, dataset } = options;
  if (!isDatasetName(dataset)) {
    throw new PasserbyError("invalid_request", `a dataset's name is 1 to 40 of a-z, 0-9 and -; got "${dataset}"`);
  }
  const input = await openInput(options.path, options.stdin, clock);
  try {
    prepareDataDir(dataDir);
    refuseHalfRestored(dataDir);
    removeLeftovers(dataDir, dataset, clock.now());
    return await importInput(options, input, read);
  } finally {
    await input.close();
  }
}

async function importInput(options: DatasetImport, input: InputFile, read: ReadSource): Promise<DatasetReport> {
  const { clock, dataDir, dataset, site } = options;
  const startMs = clock.monotonicMs();
  const [countFirst, countSecond] = progressOf(input, options.onProgress);
  const record = readDataset(dataDir, dataset);
  const shards = await listImportedShards(dataDir);
  // A shard that was deleted may be imported again.
  const imports = record.imports.filter((earlier) => shards.some(({ shard }) => shard === earlier.shard));
  const inspection = await inspectInput(input.read(countFirst), imports);
  const { sha256, bytes } = inspection;
  const contentOf = (count: Count) => () => limitBytes(input.read(count), bytes);
  const source = { path: options.path, bytes, ...whatIsNew(inspection, shards) };
  const events = await read({ ...source, chunks: contentOf(countSecond), peek: contentOf(() => undefined) });
  const shard = await publish(options, source.key, events);
  const keepDays = options.keepDays === undefined ? record.keepDays : options.keepDays;
  const added = shard?.events ?? 0;
  if (shard !== undefined) {
    const importedAt = new Date(clock.now()).toISOString();
    imports.push({ sha256, bytes, shard: shard.file, site: site.name, events: added, importedAt });
  }
  writeRecord(dataDir, record, { name: dataset, keepDays, imports });
  const seconds = (clock.monotonicMs() - startMs) / 1000;
  return { dataset, site: site.name, shard: shard?.file ?? null, keepDays, added, seconds };
}

async function publish(
  { dataDir, dataset, clock }: DatasetImport,
  key: string,
  events: AsyncIterable<readonly AcceptedEvent[]>,
): Promise<ImportShard | undefined> {
  try {
    return await writeImportShard({ dataDir, dataset, clock, fileKey: key }, events);
  } catch (cause) {
    if (cause instanceof PasserbyError || systemErrorCode(cause) === undefined) throw cause;
    throw new PasserbyError(
      "data_dir_unusable",
      `${dataDir} cannot take the import (${describeError(cause)}): nothing was imported`,
      { cause },
    );
  }
}

/** The file's key, and up to which byte its events are in the log already. */
function whatIsNew(
  { sha256, bytes, prefix }: Inspection,
  shards: readonly ImportedShard[],
): { readonly key: string; readonly presentBytes: number } {
  const key = fileKey(sha256);
  const isPresent = shards.some((shard) => shard.fileKey === key);
  return { key, presentBytes: isPresent ? bytes : (prefix?.bytes ?? 0) };
}

/** The part of the time that the first reading takes, which only hashes (bench/import.ts). */
const FIRST_READING = 0.05;

/** Returns what counts the bytes of the first reading and of the second. */
function progressOf(input: InputFile, onProgress: DatasetImport["onProgress"]): readonly [Count, Count] {
  const counter = (from: number, part: number): Count => {
    let read = 0;
    return (bytes) => {
      read += bytes;
      onProgress(from + (part * read) / Math.max(input.storedBytes(), 1));
    };
  };
  return [counter(0, FIRST_READING), counter(FIRST_READING, 1 - FIRST_READING)];
}

type Count = (bytes: number) => void;

function writeRecord(dataDir: string, before: Dataset, after: Dataset): void {
  if (JSON.stringify(before) !== JSON.stringify(after)) writeDataset(dataDir, after);
}

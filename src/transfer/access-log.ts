/**
 * Imports the access log of a web server as a named dataset. It promises: each request that is a page view becomes one
 * event, or was there already; all events of a file or none are in the log, whenever the import is killed; no address
 * and no user agent is written anywhere; memory does not grow with the file.
 *
 *   file ▸ fingerprint (first reading) ▸ lines ▸ requests ▸ page views ▸ scrubbed, identified, enriched ▸ one shard
 *
 * A file imported before is recognised by its SHA-256, a file that has grown by the part it began with: of that only
 * what is new is imported. Visitors get their id under a salt that is made for this import and UTC day and forgotten
 * with it, so somebody who visits before and after a second import of a growing log counts twice on that day.
 *
 * A shard is only added to the data directory, so a collector may be running there or not.
 */

import type { Readable } from "node:stream";
import type { Clock } from "../clock.ts";
import { createAgentReader } from "../collector/enrichment/enrich.ts";
import { createSaltKey, type SaltKey } from "../collector/identity/salt-key.ts";
import type { Site } from "../config.ts";
import { describeError, PasserbyError, systemErrorCode } from "../errors.ts";
import type { AcceptedEvent } from "../event.ts";
import { isDatasetName } from "../log/files/log-files.ts";
import { prepareDataDir } from "../log/owner/ownership.ts";
import { type ImportShard, writeImportShard } from "../log/write/import-shard.ts";
import { type AccessFormat, detectFormat } from "./access-line.ts";
import { type ImportCounts, LineReader } from "./access-lines.ts";
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
import type { PageViewMaker } from "./page-view.ts";
import { splitLines } from "./split-lines.ts";

export type AccessLogImport = {
  /** Path of the log, or `-` for standard input. */
  readonly path: string;
  readonly stdin: Readable;
  readonly dataDir: string;
  /** Name of the dataset: 1 to 40 of a to z, 0 to 9 and `-`. */
  readonly dataset: string;
  /** Days from now that the events are kept, null for ever; undefined leaves what the dataset has. */
  readonly keepDays: number | null | undefined;
  /** Left out: found out from the first lines. */
  readonly format: AccessFormat | undefined;
  readonly site: Site;
  readonly clock: Clock;
  /** Told how much of the work is done, from 0 to 1, with every piece read. */
  readonly onProgress: (share: number) => void;
};

/** What an import did. */
export type ImportReport = ImportCounts & {
  readonly format: AccessFormat;
  readonly dataset: string;
  readonly site: string;
  /** Events written now, and events of this file that were in the log before. */
  readonly added: number;
  readonly alreadyPresent: number;
  /** Base name of the new shard; null when nothing was added. */
  readonly shard: string | null;
  readonly keepDays: number | null;
  readonly seconds: number;
};

/** Lines that are looked at to find out the format. */
const SAMPLE_LINES = 100;

/**
 * Imports a log. Throws `input_unreadable` when the file cannot be read to its end or no line is in a known format,
 * `invalid_request` for a bad dataset name, `data_dir_unusable`; then nothing was imported.
 */
export async function importAccessLog(options: AccessLogImport): Promise<ImportReport> {
  const { clock, dataDir, dataset } = options;
  if (!isDatasetName(dataset)) {
    throw new PasserbyError("invalid_request", `a dataset's name is 1 to 40 of a-z, 0-9 and -; got "${dataset}"`);
  }
  const input = await openInput(options.path, options.stdin, clock);
  try {
    prepareDataDir(dataDir);
    removeLeftovers(dataDir, dataset, clock.now());
    return await importInput(options, input);
  } finally {
    await input.close();
  }
}

async function importInput(options: AccessLogImport, input: InputFile): Promise<ImportReport> {
  const { clock, dataDir, dataset, site } = options;
  const startMs = clock.monotonicMs();
  const [countFirst, countSecond] = progressOf(input, options.onProgress);
  const record = readDataset(dataDir, dataset);
  const shards = await listImportedShards(dataDir);
  // A shard that was deleted may be imported again.
  const imports = record.imports.filter((earlier) => shards.some(({ shard }) => shard === earlier.shard));
  const inspection = await inspectInput(input.read(countFirst), imports);
  const format = options.format ?? (await findFormat(input, inspection, options.path));
  const reader = new LineReader({ format, ...whatIsNew(inspection, shards), maker: makerOf(options) });
  const chunks = limitBytes(input.read(countSecond), inspection.bytes);
  const shard = await publish(options, pageViews(chunks, reader));
  const keepDays = options.keepDays === undefined ? record.keepDays : options.keepDays;
  const { sha256, bytes } = inspection;
  const added = shard?.events ?? 0;
  if (shard !== undefined) {
    const importedAt = new Date(clock.now()).toISOString();
    imports.push({ sha256, bytes, shard: shard.file, site: site.name, events: added, importedAt });
  }
  writeRecord(dataDir, record, { name: dataset, keepDays, imports });
  const counts = reader.counts();
  return {
    ...counts,
    ...{ format, dataset, site: site.name, shard: shard?.file ?? null, keepDays, added },
    alreadyPresent: counts.pageViews - added,
    seconds: (clock.monotonicMs() - startMs) / 1000,
  };
}

async function publish(
  { dataDir, dataset, clock }: AccessLogImport,
  events: AsyncIterable<readonly AcceptedEvent[]>,
): Promise<ImportShard | undefined> {
  try {
    return await writeImportShard({ dataDir, dataset, clock }, events);
  } catch (cause) {
    if (systemErrorCode(cause) === undefined) throw cause;
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

async function* pageViews(
  chunks: AsyncIterable<Buffer>,
  reader: LineReader,
): AsyncGenerator<readonly AcceptedEvent[], void, void> {
  for await (const lines of splitLines(chunks)) {
    const events = reader.read(lines);
    if (events.length > 0) yield events;
  }
}

function makerOf({ site, clock }: AccessLogImport): PageViewMaker {
  const salts = new Map<string, SaltKey>();
  const saltOf = (day: string): SaltKey => {
    const salt = salts.get(day) ?? createSaltKey(clock.randomBytes(32));
    salts.set(day, salt);
    return salt;
  };
  return { site: site.name, siteHosts: [site.name, ...site.hosts], agents: createAgentReader(), saltOf };
}

async function findFormat(input: InputFile, inspection: Inspection, path: string): Promise<AccessFormat> {
  const sample: string[] = [];
  for await (const lines of splitLines(
    limitBytes(
      input.read(() => undefined),
      inspection.bytes,
    ),
  )) {
    sample.push(...lines.map(({ text }) => text ?? "").filter((text) => text !== ""));
    if (sample.length >= SAMPLE_LINES) break;
  }
  const format = sample.length === 0 ? "combined" : detectFormat(sample.slice(0, SAMPLE_LINES));
  if (format !== undefined) return format;
  throw new PasserbyError(
    "input_unreadable",
    `none of the first ${Math.min(sample.length, SAMPLE_LINES)} lines of ${path} is in combined, common or nginx-json format: is it an access log?`,
  );
}

/** The part of the time that the first reading takes, which only hashes (bench/import.ts). */
const FIRST_READING = 0.05;

/** Returns what counts the bytes of the first reading and of the second. */
function progressOf(input: InputFile, onProgress: AccessLogImport["onProgress"]): readonly [Count, Count] {
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

/** Imports lists of events: our own export as JSON lines or Parquet, and JSON lines or Parquet that others wrote for us. */
import { createAgentReader } from "../../collector/enrichment/enrich.ts";
import type { AcceptedEvent } from "../../event.ts";
import { type BadLineCounts, BadLines } from "../bad-lines.ts";
import { createDaySalts } from "../day-salts.ts";
import { type DatasetImport, type DatasetReport, type ImportSource, importDataset } from "../import-dataset.ts";
import { importedEventId } from "../import-id.ts";
import { splitLines } from "../split-lines.ts";
import { createRecordReader, type EventMaker, isBadRecord, type RecordReader } from "./event-records.ts";
import { readParquetRows } from "./parquet-rows.ts";

/** What an import of a list did. */
export type ListReport = DatasetReport &
  BadLineCounts & {
    /** Lines or rows of the file. */
    readonly lines: number;
    /** Events of the file, new or not. */
    readonly events: number;
    readonly alreadyPresent: number;
    /** Sites of the new events, the first hundred. */
    readonly sites: readonly string[];
  };

/** An event takes below 100 KiB; as MAX_LINE_BYTES of the log. */
const MAX_LINE_BYTES = 1_048_576;
const SHOWN_SITES = 100;
const BATCH_EVENTS = 500;

/** Imports JSON lines. Throws what importDataset does. */
export function importJsonLines(options: DatasetImport): Promise<ListReport> {
  return importList(options, readLines);
}

/** Imports a Parquet file; not from standard input. Throws what importDataset does, and `input_unreadable` for other files. */
export function importParquet(options: DatasetImport): Promise<ListReport> {
  return importList(options, readRows);
}

/** Makes what a format's events have in common. */
export function makerOf({ site, clock }: DatasetImport): EventMaker {
  return {
    site: site.name,
    siteHosts: [site.name, ...site.hosts],
    agents: createAgentReader(),
    saltOf: createDaySalts(clock),
  };
}

type Batches = AsyncGenerator<readonly AcceptedEvent[], void, void>;

async function importList(
  options: DatasetImport,
  read: (source: ImportSource, list: EventList, options: DatasetImport) => Batches,
): Promise<ListReport> {
  const list = new EventList(createRecordReader(makerOf(options)));
  const report = await importDataset(options, (source) => read(source, list, options));
  return { ...report, ...list.counts(), alreadyPresent: list.events - report.added };
}

async function* readLines(source: ImportSource, list: EventList): Batches {
  for await (const lines of splitLines(source.chunks(), MAX_LINE_BYTES)) {
    const events: AcceptedEvent[] = [];
    for (const { number, offset, text } of lines) {
      if (text === "") continue;
      const record = text === undefined ? undefined : parseJson(text);
      const event = list.read(number, record, importedEventId(source.key, offset));
      if (event !== undefined && offset >= source.presentBytes) events.push(list.take(event));
    }
    if (events.length > 0) yield events;
  }
}

/** A Parquet file does not grow at its end: all of it is present, or nothing. */
async function* readRows(source: ImportSource, list: EventList, { dataDir, clock }: DatasetImport): Batches {
  const isPresent = source.presentBytes >= source.bytes;
  let row = 0;
  let events: AcceptedEvent[] = [];
  for await (const record of readParquetRows({ path: source.path, dataDir, clock })) {
    row += 1;
    const event = list.read(row, record, importedEventId(source.key, row));
    if (event !== undefined && !isPresent) events.push(list.take(event));
    if (events.length < BATCH_EVENTS) continue;
    yield events;
    events = [];
  }
  if (events.length > 0) yield events;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

class EventList {
  events = 0;
  private lines = 0;
  private readonly readRecord: RecordReader;
  private readonly bad = new BadLines();
  private readonly sites = new Set<string>();

  constructor(readRecord: RecordReader) {
    this.readRecord = readRecord;
  }

  /** Returns the event of a line or row, or notes why it has none. */
  read(line: number, record: unknown, eventId: string): AcceptedEvent | undefined {
    this.lines += 1;
    const read = this.readRecord(record, eventId);
    if (isBadRecord(read)) return this.bad.add(line, read.reason);
    this.events += 1;
    return read;
  }

  /** Notes a new event. */
  take(event: AcceptedEvent): AcceptedEvent {
    if (this.sites.size < SHOWN_SITES) this.sites.add(event.site);
    return event;
  }

  counts(): BadLineCounts & Pick<ListReport, "lines" | "events" | "sites"> {
    return { lines: this.lines, events: this.events, sites: [...this.sites], ...this.bad.counts() };
  }
}

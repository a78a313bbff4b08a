/** Imports Umami's table `website_event` as CSV: each page view and custom event becomes one event. */

import { PasserbyError } from "../../errors.ts";
import type { AcceptedEvent } from "../../event.ts";
import { type BadLineCounts, BadLines } from "../bad-lines.ts";
import { type DatasetImport, type DatasetReport, type ImportSource, importDataset } from "../import-dataset.ts";
import { importedEventId } from "../import-id.ts";
import { type CsvRow, readCsvRows } from "./csv-rows.ts";
import { makerOf } from "./event-lists.ts";
import type { EventMaker } from "./event-records.ts";
import { toUmamiEvent, UMAMI_COLUMNS } from "./umami-rows.ts";

/** What an import of Umami's events did. */
export type UmamiReport = DatasetReport &
  BadLineCounts & {
    /** Rows of the file behind its header. */
    readonly lines: number;
    /** Events of the file, new or not. */
    readonly events: number;
    readonly alreadyPresent: number;
    /** Rows that are neither page view nor custom event. */
    readonly skipped: { readonly other_type: number };
  };

const BATCH_EVENTS = 500;

/** Imports a file. Throws what importDataset does, and `input_unreadable` for a file without the columns it needs. */
export async function importUmamiCsv(options: DatasetImport): Promise<UmamiReport> {
  const reader = new UmamiReader(makerOf(options));
  const report = await importDataset(options, (source) => reader.batches(source));
  return { ...report, ...reader.counts(), alreadyPresent: reader.events - report.added };
}

class UmamiReader {
  events = 0;
  private lines = 0;
  private otherType = 0;
  private readonly bad = new BadLines();
  private readonly maker: EventMaker;

  constructor(maker: EventMaker) {
    this.maker = maker;
  }

  async *batches(source: ImportSource): AsyncGenerator<readonly AcceptedEvent[], void, void> {
    let batch: AcceptedEvent[] = [];
    for await (const row of readCsvRows(source, (columns) => checkColumns(columns, source.path))) {
      const event = this.read(row, source.key);
      if (event !== undefined && row.endOffset > source.presentBytes) batch.push(event);
      if (batch.length < BATCH_EVENTS) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  counts(): BadLineCounts & Pick<UmamiReport, "lines" | "events" | "skipped"> {
    return {
      lines: this.lines,
      events: this.events,
      skipped: { other_type: this.otherType },
      ...this.bad.counts(),
    };
  }

  private read({ line, endOffset, cells }: CsvRow, key: string): AcceptedEvent | undefined {
    this.lines += 1;
    if (cells === undefined) return this.bad.add(line, "has not as many cells as the header");
    const event = toUmamiEvent(cells, importedEventId(key, endOffset), this.maker);
    if ("reason" in event) return this.bad.add(line, event.reason);
    if ("skipped" in event) {
      this.otherType += 1;
      return undefined;
    }
    this.events += 1;
    return event;
  }
}

function checkColumns(columns: readonly string[], path: string): void {
  const missing = UMAMI_COLUMNS.find((name) => !columns.includes(name));
  if (missing === undefined) return;
  throw new PasserbyError(
    "input_unreadable",
    `${path} has no column ${missing}: is it Umami's table website_event, with a header?`,
  );
}

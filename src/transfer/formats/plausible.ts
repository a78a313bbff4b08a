/** Imports sums that Plausible exported: pages, or custom events, by day, as events that add up to them. */
import { createReadStream } from "node:fs";
import { describeError, PasserbyError } from "../../errors.ts";
import type { AcceptedEvent } from "../../event.ts";
import { type BadLineCounts, BadLines } from "../bad-lines.ts";
import { type DatasetImport, type DatasetReport, type ImportSource, importDataset } from "../import-dataset.ts";
import { type CsvRow, readCsvRows } from "./csv-rows.ts";
import {
  countOf,
  makeEvents,
  PLAUSIBLE_TABLES,
  type PlausibleTable,
  readPlausibleRow,
  VisitorPool,
} from "./plausible-rows.ts";

export type PlausibleImport = DatasetImport & {
  /** Path of `imported_visitors_….csv` of the same export, from which the visitors of each day are known. */
  readonly visitorsPath: string | undefined;
};

/** What an import of Plausible's sums did. */
export type PlausibleReport = DatasetReport &
  BadLineCounts & {
    /** Rows of the file behind its header. */
    readonly lines: number;
    /** Events that the file's rows come to, new or not. */
    readonly events: number;
    readonly alreadyPresent: number;
    readonly table: PlausibleTable;
    /** Whether the visitors of each day were known. */
    readonly hasVisitorsOfDay: boolean;
  };

const BATCH_EVENTS = 500;

/** Imports a file. Throws what importDataset does, and `input_unreadable` for another table than the two it can read. */
export async function importPlausibleCsv(options: PlausibleImport): Promise<PlausibleReport> {
  const { visitorsPath, site } = options;
  const visitorsOfDay = visitorsPath === undefined ? new Map<string, number>() : await readVisitors(visitorsPath);
  const reader = new PlausibleReader(site.name, new VisitorPool(visitorsOfDay));
  const report = await importDataset(options, (source) => reader.batches(source));
  const hasVisitorsOfDay = visitorsPath !== undefined;
  return { ...report, ...reader.counts(), hasVisitorsOfDay, alreadyPresent: reader.events - report.added };
}

class PlausibleReader {
  events = 0;
  private lines = 0;
  private table: PlausibleTable = "imported_pages";
  private readonly bad = new BadLines();
  private readonly site: string;
  private readonly pool: VisitorPool;

  constructor(site: string, pool: VisitorPool) {
    this.site = site;
    this.pool = pool;
  }

  async *batches(source: ImportSource): AsyncGenerator<readonly AcceptedEvent[], void, void> {
    const check = (columns: readonly string[]): void => {
      this.table = findTable(columns, source.path);
    };
    let batch: AcceptedEvent[] = [];
    for await (const row of readCsvRows(source, check)) {
      for (const event of this.read(row, source)) {
        batch.push(event);
        if (batch.length < BATCH_EVENTS) continue;
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0) yield batch;
  }

  counts(): BadLineCounts & Pick<PlausibleReport, "lines" | "events" | "table"> {
    return { lines: this.lines, events: this.events, table: this.table, ...this.bad.counts() };
  }

  private read({ line, endOffset, cells }: CsvRow, source: ImportSource): Iterable<AcceptedEvent> {
    this.lines += 1;
    const row = cells === undefined ? undefined : readPlausibleRow(this.table, cells, this.site);
    if (row === undefined || "reason" in row) {
      this.bad.add(line, row?.reason ?? "has not as many cells as the header");
      return [];
    }
    const place = { ...this.pool.take(row), key: source.key, first: this.events };
    this.events += row.events;
    return endOffset > source.presentBytes ? makeEvents(row, place, this.site) : [];
  }
}

function findTable(columns: readonly string[], path: string): PlausibleTable {
  const has = (table: PlausibleTable): boolean => PLAUSIBLE_TABLES[table].every((name) => columns.includes(name));
  if (has("imported_custom_events")) return "imported_custom_events";
  // Entry and exit pages have other names for their page; sources, places and devices have no page at all.
  if (has("imported_pages")) return "imported_pages";
  throw new PasserbyError(
    "input_unreadable",
    `${path} is neither imported_pages nor imported_custom_events of Plausible: the other tables hold sums that belong to no page`,
  );
}

const VISITOR_COLUMNS: readonly string[] = ["date", "visitors", "pageviews", "bounces", "visits", "visit_duration"];

/** Reads how many visitors each day had. */
async function readVisitors(path: string): Promise<ReadonlyMap<string, number>> {
  const visitors = new Map<string, number>();
  const check = (columns: readonly string[]): void => {
    const isTable = columns.includes("date") && columns.includes("visitors");
    if (isTable && columns.every((name) => VISITOR_COLUMNS.includes(name))) return;
    throw new PasserbyError("input_unreadable", `--visitors ${path} is not imported_visitors of Plausible`);
  };
  try {
    for await (const { cells } of readCsvRows({ path, chunks: () => createReadStream(path) }, check)) {
      const count = countOf(cells?.["visitors"]);
      if (cells !== undefined && count !== undefined) visitors.set(cells["date"] ?? "", count);
    }
  } catch (cause) {
    if (cause instanceof PasserbyError) throw cause;
    throw new PasserbyError("input_unreadable", `--visitors ${path} cannot be read: ${describeError(cause)}`, {
      cause,
    });
  }
  return visitors;
}

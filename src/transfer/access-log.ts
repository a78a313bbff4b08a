/**
 * Imports the access log of a web server. It promises, beyond what import-dataset.ts does: each request that is a page
 * view becomes one event, or was there already; no address and no user agent is written anywhere.
 *
 *   lines ▸ requests ▸ page views ▸ scrubbed, identified, enriched
 *
 * Visitors get their id under a salt that is made for this import and UTC day and forgotten with it, so somebody who
 * visits before and after a second import of a growing log counts twice on that day.
 */
import { createAgentReader } from "../collector/enrichment/enrich.ts";
import { PasserbyError } from "../errors.ts";
import type { AcceptedEvent } from "../event.ts";
import { type AccessFormat, detectFormat } from "./access-line.ts";
import { type ImportCounts, LineReader } from "./access-lines.ts";
import { createDaySalts } from "./day-salts.ts";
import { type DatasetImport, type DatasetReport, type ImportSource, importDataset } from "./import-dataset.ts";
import type { PageViewMaker } from "./page-view.ts";
import { splitLines } from "./split-lines.ts";

export type AccessLogImport = DatasetImport & {
  /** Left out: found out from the first lines. */
  readonly format: AccessFormat | undefined;
};

/** What an import did. */
export type ImportReport = ImportCounts &
  DatasetReport & {
    readonly format: AccessFormat;
    /** Events of this file that were in the log before. */
    readonly alreadyPresent: number;
  };

/** Lines that are looked at to find out the format. */
const SAMPLE_LINES = 100;

/** Imports a log. Throws what importDataset does, and `input_unreadable` when no line is in a known format. */
export async function importAccessLog(options: AccessLogImport): Promise<ImportReport> {
  const reader = new LineReader(makerOf(options));
  let format: AccessFormat = options.format ?? "combined";
  const report = await importDataset(options, async (source) => {
    format = options.format ?? (await findFormat(source));
    return readPageViews(source, reader, format);
  });
  const counts = reader.counts();
  return { ...counts, ...report, format, alreadyPresent: counts.pageViews - report.added };
}

async function* readPageViews(
  source: ImportSource,
  reader: LineReader,
  format: AccessFormat,
): AsyncGenerator<readonly AcceptedEvent[], void, void> {
  for await (const lines of splitLines(source.chunks())) {
    const events = reader.read(lines, { ...source, format });
    if (events.length > 0) yield events;
  }
}

function makerOf({ site, clock }: AccessLogImport): PageViewMaker {
  const siteHosts = [site.name, ...site.hosts];
  return { site: site.name, siteHosts, agents: createAgentReader(), saltOf: createDaySalts(clock) };
}

async function findFormat({ path, peek }: ImportSource): Promise<AccessFormat> {
  const sample: string[] = [];
  for await (const lines of splitLines(peek())) {
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

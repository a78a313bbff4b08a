/** `passerby import jsonl`, `parquet`, `plausible-csv` and `umami-csv`: events that were recorded elsewhere, or exported. */
import type { Command } from "commander";
import { importJsonLines, importParquet, type ListReport } from "../src/transfer/formats/event-lists.ts";
import { importPlausibleCsv, type PlausibleReport } from "../src/transfer/formats/plausible.ts";
import { importUmamiCsv } from "../src/transfer/formats/umami.ts";
import type { DatasetImport } from "../src/transfer/import-dataset.ts";
import { type ImportFlags, importSubcommand, readImportOptions, warnOfSites } from "./import-options.ts";
import { type AnyReport, count, describeImport, wireReport } from "./import-report.ts";
import { startBar } from "./progress-bar.ts";

const EXITS = `
Exit codes:
  0  every event of the file is in the log; bad lines were counted and skipped
  1  no line of the file could be read as an event: nothing was imported
  2  wrong usage, a file or data directory that cannot be used: nothing was imported
`;

const LIST_HELP = `
What passerby export wrote comes back as it was, ids and all. Other events have the fields of docs/reference/events.md,
visitor_id and timestamp among them; their visitors get ids of their own for each day. The same file again adds
nothing.
${EXITS}
Examples:`;

const PLAUSIBLE_HELP = `
FILE is imported_pages_….csv or imported_custom_events_….csv of Plausible's export; it holds sums, so events are made up
that add up to them. Page views, events and visitors by page and day come out as Plausible had them; visitors by day do
with --visitors; visits, bounces and times do not (docs/reference/imports.md).
${EXITS}
Examples:
  passerby import plausible-csv imported_pages_20230209_20240123.csv \\
    --visitors imported_visitors_20230209_20240123.csv --site example.com
  passerby import plausible-csv imported_custom_events_20230209_20240123.csv --dataset plausible-events`;

const UMAMI_HELP = `
FILE is Umami's table website_event with a header, as Umami Cloud exports it. Page views and custom events are imported;
sessions become visitors with ids of their own for each day, and are written nowhere. The same file again adds nothing.
${EXITS}
Examples:
  passerby import umami-csv website_event.csv --site example.com
  psql umami -c "COPY (SELECT e.*, s.browser, s.os, s.device, s.screen, s.language, s.country, s.region
    FROM website_event e JOIN session s USING (session_id)) TO STDOUT CSV HEADER" | passerby import umami-csv -`;

/** Makes the subcommands. */
export function importFormatCommands(): readonly Command[] {
  return [jsonlCommand(), parquetCommand(), plausibleCommand(), umamiCommand()];
}

function jsonlCommand(): Command {
  return importSubcommand("jsonl", "JSON lines, plain or gzipped; - for standard input")
    .description("import events, one JSON object a line, such as passerby export writes")
    .addHelpText("after", `${LIST_HELP}\n  passerby import jsonl events.jsonl --dataset moved --keep 90d`)
    .action((path: string, flags: ImportFlags) =>
      runImport(path, flags, { read: importJsonLines, notesOf: listNotes }),
    );
}

function parquetCommand(): Command {
  return importSubcommand("parquet", "the file; not standard input")
    .description("import events from a Parquet file, such as passerby export writes")
    .addHelpText("after", `${LIST_HELP}\n  passerby import parquet events.parquet --json`)
    .action((path: string, flags: ImportFlags) => runImport(path, flags, { read: importParquet, notesOf: listNotes }));
}

function plausibleCommand(): Command {
  return importSubcommand("plausible-csv", "a table of the export, plain or gzipped; - for standard input")
    .description("import pages or custom events by day that Plausible exported")
    .option("--visitors <file>", "imported_visitors_….csv of the same export")
    .addHelpText("after", PLAUSIBLE_HELP)
    .action((path: string, flags: ImportFlags & { visitors?: string }) => {
      const read = (options: DatasetImport): Promise<PlausibleReport> =>
        importPlausibleCsv({ ...options, visitorsPath: flags.visitors });
      return runImport(path, flags, { read, notesOf: plausibleNotes });
    });
}

function umamiCommand(): Command {
  return importSubcommand("umami-csv", "the table, plain or gzipped; - for standard input")
    .description("import page views and custom events that Umami recorded")
    .addHelpText("after", UMAMI_HELP)
    .action((path: string, flags: ImportFlags) =>
      runImport(path, flags, {
        read: importUmamiCsv,
        notesOf: ({ skipped }) => [`${count(skipped.other_type)} rows that are neither page view nor custom event`],
      }),
    );
}

type Format<Report> = {
  readonly read: (options: DatasetImport) => Promise<Report>;
  readonly notesOf: (report: Report) => readonly string[];
};

async function runImport<Report extends AnyReport & { readonly sites?: readonly string[] }>(
  path: string,
  flags: ImportFlags,
  { read, notesOf }: Format<Report>,
): Promise<void> {
  const bar = startBar("importing", flags.json === true);
  try {
    const { options, knownSites } = readImportOptions(path, flags, bar.update);
    const report = await read(options);
    bar.stop();
    console.log(flags.json ? JSON.stringify(wireReport(report)) : describeImport(path, report, notesOf(report)));
    warnOfSites(report.sites ?? (report.added > 0 ? [report.site] : []), knownSites);
    if (report.lines > 0 && report.badLines === report.lines) process.exitCode = 1;
  } finally {
    bar.stop();
  }
}

function listNotes({ sites }: ListReport): readonly string[] {
  return sites.length === 0 ? [] : [`sites: ${sites.join(", ")}`];
}

function plausibleNotes({ table, hasVisitorsOfDay }: PlausibleReport): readonly string[] {
  const visitors = hasVisitorsOfDay
    ? "visitors by day as Plausible had them"
    : "visitors by day are too few: no --visitors";
  return [`made of ${table}; ${visitors}`];
}

/** `passerby export`: writes events of the log to a file or standard output, for other programs. */
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { systemClock } from "../src/clock.ts";
import { parseFilter } from "../src/transfer/export/event-filter.ts";
import {
  EXPORT_FORMATS,
  type ExportFormat,
  type ExportReport,
  exportEvents,
} from "../src/transfer/export/export-events.ts";
import { startBar } from "./progress-bar.ts";
import { collect } from "./repeated-flag.ts";
import { commandSettings } from "./settings.ts";

type Flags = {
  format: ExportFormat;
  from?: string;
  to?: string;
  site?: string;
  filter: readonly string[];
  out?: string;
  dataDir?: string;
  json?: boolean;
};

const HELP = `
Every event of the log that the filters take is written once, whether its file is compressed or being written; a
collector may be running. jsonl and parquet come back with passerby import; csv is for spreadsheets: a text that one
would take for a formula gets a ' in front of it. A file is made with mode 0600 and is there as a whole or not at all.
Days are UTC. What was done is said on standard error, or with --json as JSON (docs/reference/exports.md).

Exit codes:
  0  all events are written
  1  all events that can be read are written; damaged lines, or lines of a newer version, are left out and counted
  2  wrong usage, or a file or data directory that cannot be used: no file was made

Examples:
  passerby export --out events.jsonl
  passerby export --from 2026-11-01 --to 2026-11-30 --format csv --site example.com --out november.csv
  passerby export --filter event=signup --filter metadata.plan!=free | jq .visitor_id
  passerby export --format parquet --filter 'url~/pricing' --out pricing.parquet --json`;

/** Makes the subcommand. */
export function exportCommand(): Command {
  return new Command("export")
    .description("write events of the log as JSON lines, CSV or Parquet")
    .addOption(new Option("--format <format>", "format").choices(EXPORT_FORMATS).default("jsonl"))
    .option("--from <day>", "first UTC day, such as 2026-11-01 (default: the log's first)")
    .option("--to <day>", "last UTC day (default: the log's last)")
    .option("--site <site>", "events of one site only (default: of all)")
    .option("--filter <condition>", "FIELD=VALUE, FIELD!=VALUE or FIELD~VALUE (contains); all must hold", collect, [])
    .option("--out <file>", "file to write (default: standard output)")
    .option("--data-dir <dir>", "data directory (METRICS_DATA_DIR, default ./data)")
    .option("--json", "say what was done as JSON, and show no progress")
    .addHelpText("after", HELP)
    .action(runExport);
}

async function runExport(flags: Flags): Promise<void> {
  const settings = commandSettings({ METRICS_DATA_DIR: flags.dataDir }, undefined);
  const conditions = [...flags.filter, ...(flags.site === undefined ? [] : [`site=${flags.site.toLowerCase()}`])];
  const filter = parseFilter(conditions, { from: flags.from, to: flags.to });
  const bar = startBar("exporting", flags.json === true || flags.out === undefined);
  try {
    const report = await exportEvents({
      dataDir: resolve(settings.dataDir),
      format: flags.format,
      filter,
      out: flags.out ?? null,
      stdout: process.stdout,
      windowIds: settings.dedupWindow,
      clock: systemClock,
      onProgress: bar.update,
    });
    bar.stop();
    const text = flags.json ? JSON.stringify(wire(report)) : describeReport(report);
    // Standard output may hold the events.
    if (flags.json && flags.out !== undefined) console.log(text);
    else console.error(text);
    if (report.damaged + report.newer > 0) process.exitCode = 1;
  } finally {
    bar.stop();
  }
}

function describeReport({ events, files, seconds, out, duplicates, erased, newer, damaged }: ExportReport): string {
  const count = (value: number): string => value.toLocaleString("en-US");
  const left = [
    [duplicates, "copies of an event"],
    [erased, "erased lines"],
    [newer, "lines of a newer version"],
    [damaged, "damaged lines or files (see passerby verify)"],
  ] as const;
  const shown = left.filter(([number]) => number > 0).map(([number, what]) => `${count(number)} ${what}`);
  return [
    `${count(events)} events from ${count(files)} files${out === null ? "" : ` written to ${out}`}, ${seconds.toFixed(1)} s`,
    ...(shown.length === 0 ? [] : [`  left out: ${shown.join(", ")}`]),
  ].join("\n");
}

function wire({ isComplete, ...same }: ExportReport): Readonly<Record<string, unknown>> {
  return { ok: true, ...same, complete: isComplete };
}

/** `passerby import`: brings what other programs recorded into the log, as a named dataset of its own. */
import { basename, resolve } from "node:path";
import { SingleBar } from "cli-progress";
import { Command, Option } from "commander";
import { systemClock } from "../src/clock.ts";
import type { Settings, Site } from "../src/config.ts";
import { PasserbyError } from "../src/errors.ts";
import { ACCESS_FORMATS, type AccessFormat } from "../src/transfer/access-line.ts";
import { type ImportReport, importAccessLog } from "../src/transfer/access-log.ts";
import { commandSettings } from "./settings.ts";

type Flags = {
  format?: AccessFormat;
  site?: string;
  dataset?: string;
  keep?: string;
  dataDir?: string;
  json?: boolean;
};

const HELP = `
FILE may be gzipped; - reads standard input. A page view is a GET answered 200 or 304 whose path has no ending of an
asset (css, js, png, ...; docs/reference/imports.md). Addresses and user agents are used to tell visitors apart and are
never written. The same file again adds nothing; a log that has grown adds what is new.

Exit codes:
  0  every page view of the file is in the log; bad lines were counted and skipped
  1  no line of the file could be read as a request: nothing was imported
  2  wrong usage, a file or data directory that cannot be used: nothing was imported

Examples:
  passerby import access-log /var/log/nginx/access.log --site example.com
  passerby import access-log access.log.3.gz --dataset spring --keep 90d
  zcat access.log.*.gz | passerby import access-log - --format combined --json`;

/** Makes the subcommand. */
export function importCommand(): Command {
  return new Command("import").description("import what other programs recorded").addCommand(accessLogCommand());
}

function accessLogCommand(): Command {
  return new Command("access-log")
    .description("import page views from a web server's access log")
    .argument("<file>", "the log, plain or gzipped; - for standard input")
    .addOption(new Option("--format <format>", "format of the lines (default: found out)").choices(ACCESS_FORMATS))
    .option("--site <site>", "site that the log is of (default: the default site)")
    .option("--dataset <name>", "name of the dataset, a-z, 0-9 and - (default: from the file's name)")
    .option("--keep <time>", "how long the events are to be kept, such as 30d, or forever (default: forever)")
    .option("--data-dir <dir>", "data directory (METRICS_DATA_DIR, default ./data)")
    .option("--json", "print the report as JSON, and no progress")
    .addHelpText("after", HELP)
    .action(runImport);
}

async function runImport(path: string, flags: Flags): Promise<void> {
  const settings = commandSettings({ METRICS_DATA_DIR: flags.dataDir }, undefined);
  const site = findSite(flags.site ?? settings.defaultSite, settings);
  const bar = startBar(flags.json === true);
  try {
    const report = await importAccessLog({
      path,
      stdin: process.stdin,
      dataDir: resolve(settings.dataDir),
      dataset: flags.dataset ?? datasetOf(path),
      keepDays: flags.keep === undefined ? undefined : parseKeep(flags.keep),
      format: flags.format,
      site,
      clock: systemClock,
      onProgress: bar.update,
    });
    bar.stop();
    const isKnownSite = settings.sites.some(({ name }) => name === site.name);
    console.log(flags.json ? JSON.stringify({ ok: true, ...wire(report) }) : describeReport(path, report));
    if (!isKnownSite) {
      const known = settings.sites.map(({ name }) => name).join(", ");
      console.error(`METRICS_SITES does not name ${site.name} (it has ${known}): add it to see these events`);
    }
    if (report.lines > 0 && report.badLines === report.lines) process.exitCode = 1;
  } finally {
    bar.stop();
  }
}

function findSite(name: string, settings: Settings): Site {
  const folded = name.toLowerCase();
  if (!/^[a-z0-9.-]{1,253}$/.test(folded)) {
    throw new PasserbyError("setting_invalid", `--site ${name} is not allowed: give a host name such as example.com`);
  }
  return settings.sites.find((site) => site.name === folded) ?? { name: folded, hosts: [folded] };
}

/** `/var/log/nginx/access.log.2.gz` → `access-log-2` */
function datasetOf(path: string): string {
  const name = basename(path)
    .replace(/\.gz$/i, "")
    .replace(/\.log$/i, "");
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, "");
  return path === "-" ? "stdin" : slug || "access-log";
}

function parseKeep(text: string): number | null {
  if (text === "forever") return null;
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  if (days !== undefined && Number(days) > 0) return Number(days);
  throw new PasserbyError("setting_invalid", `--keep ${text} is not allowed: give days, such as 30d, or forever`);
}

function describeReport(path: string, report: ImportReport): string {
  const count = (value: number): string => value.toLocaleString("en-US");
  const { skipped, seconds, lines, badLines, firstBadLines } = report;
  const others = skipped.asset + skipped.not_get + skipped.not_ok + skipped.no_path;
  const rate = Math.round(lines / Math.max(seconds, 0.001));
  const out = [
    `${path}: ${count(lines)} lines in ${report.format} format, ${seconds.toFixed(1)} s (${count(rate)} lines/s)`,
    `  ${count(report.alreadyPresent)} events already present, ${count(report.added)} added to the dataset ${report.dataset} of ${report.site}` +
      (report.shard === null ? "" : ` (${report.shard}, ${count(report.botPageViews)} of them robots)`),
    `  ${count(others)} requests that are no page view: ${count(skipped.asset)} for assets, ${count(skipped.not_ok)} not answered 200 or 304, ` +
      `${count(skipped.not_get)} not GET, ${count(skipped.no_path)} without a path`,
  ];
  if (badLines > 0) out.push(`  ${count(badLines)} bad lines skipped:`);
  out.push(...firstBadLines.map(({ line, reason }) => `    line ${line}: ${reason}`));
  if (badLines > firstBadLines.length) out.push(`    and ${count(badLines - firstBadLines.length)} more`);
  return out.join("\n");
}

function wire(report: ImportReport): Readonly<Record<string, unknown>> {
  const { pageViews, botPageViews, badLines, firstBadLines, alreadyPresent, keepDays, ...same } = report;
  return {
    ...same,
    page_views: pageViews,
    bot_page_views: botPageViews,
    bad_lines: badLines,
    first_bad_lines: firstBadLines,
    already_present: alreadyPresent,
    keep_days: keepDays,
  };
}

type Progress = { readonly update: (share: number) => void; readonly stop: () => void };

const PROGRESS_STEPS = 1000;

/** A bar for a person who waits; nothing for a file or another program. */
function startBar(isQuiet: boolean): Progress {
  if (isQuiet || !process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const format = "importing {bar} {percentage} % | {eta_formatted} left";
  const bar = new SingleBar({
    format,
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    etaBuffer: 100,
  });
  bar.start(PROGRESS_STEPS, 0);
  return {
    update: (share) => bar.update(Math.min(Math.floor(share * PROGRESS_STEPS), PROGRESS_STEPS)),
    stop: () => bar.stop(),
  };
}

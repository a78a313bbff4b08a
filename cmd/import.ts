/** `passerby import`: brings what other programs recorded into the log, as a named dataset of its own. */
import { Command, Option } from "commander";
import { ACCESS_FORMATS, type AccessFormat } from "../src/transfer/access-line.ts";
import { importAccessLog } from "../src/transfer/access-log.ts";
import { importFormatCommands } from "./import-formats.ts";
import { type ImportFlags, importSubcommand, readImportOptions, warnOfSites } from "./import-options.ts";
import { describeAccessLog, wireReport } from "./import-report.ts";
import { startBar } from "./progress-bar.ts";

type Flags = ImportFlags & { format?: AccessFormat };

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
  const command = new Command("import").description("import what other programs recorded, or passerby exported");
  for (const format of [accessLogCommand(), ...importFormatCommands()]) command.addCommand(format);
  return command;
}

function accessLogCommand(): Command {
  return importSubcommand("access-log", "the log, plain or gzipped; - for standard input")
    .description("import page views from a web server's access log")
    .addOption(new Option("--format <format>", "format of the lines (default: found out)").choices(ACCESS_FORMATS))
    .addHelpText("after", HELP)
    .action(runImport);
}

async function runImport(path: string, flags: Flags): Promise<void> {
  const bar = startBar("importing", flags.json === true);
  try {
    const { options, knownSites } = readImportOptions(path, flags, bar.update);
    const report = await importAccessLog({ ...options, format: flags.format });
    bar.stop();
    console.log(flags.json ? JSON.stringify(wireReport(report)) : describeAccessLog(path, report));
    warnOfSites([report.site], knownSites);
    if (report.lines > 0 && report.badLines === report.lines) process.exitCode = 1;
  } finally {
    bar.stop();
  }
}

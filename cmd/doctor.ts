/** `passerby doctor`: holds the production checklist against a deployment and says what is wrong and how to mend it. */
import { Command, Option } from "commander";
import { systemClock } from "../src/clock.ts";
import type { Check } from "../src/doctor/check.ts";
import { type DoctorOptions, openInputs } from "../src/doctor/inputs.ts";
import { readEffective } from "../src/doctor/report/effective-settings.ts";
import { makeReport } from "../src/doctor/report/make-report.ts";
import { reportJson } from "../src/doctor/report/report-json.ts";
import { reportJunit } from "../src/doctor/report/report-junit.ts";
import { reportMarkdown } from "../src/doctor/report/report-markdown.ts";
import { reportText, resultLine } from "../src/doctor/report/report-text.ts";
import { exitCodeOf, type Result, runChecks } from "../src/doctor/run-checks.ts";
import { PasserbyError } from "../src/errors.ts";
import { mendByAsking } from "./doctor-fix.ts";
import { type DeploymentFlags, lookedAtOf, readOptions } from "./doctor-options.ts";
import { watchDeployment } from "./doctor-watch.ts";
import { collect } from "./repeated-flag.ts";

type Flags = DeploymentFlags & {
  section: readonly string[];
  json?: boolean;
  markdown?: boolean;
  junit?: boolean;
  verbose?: boolean;
  watch?: string;
  every: string;
  fix?: boolean;
  yes?: boolean;
};

const HELP = `
Without flags it looks at the repository in this folder: deploy/docker-compose.full.yml, deploy/.env and the edge. What it
could not see is skipped, and the reason names the flag that would allow it. It is a polite guest: what could be felt by
visitors is done only with --load and --rehearse, and no file is changed but by --fix, which shows the diff, asks, and keeps
the old file beside the new one.

Exit codes:
  0  nothing failed
  1  something failed
  2  wrong usage, or nothing could be looked at

Examples:
  passerby doctor --url https://metrics.example.com --site https://example.com
  passerby doctor --section 3 --nginx /etc/nginx/nginx.conf
  passerby doctor --fix
  passerby doctor --url https://metrics.example.com --watch 15m
  passerby doctor --junit > doctor.xml`;

/** Makes the subcommand. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("hold the production checklist against a deployment")
    .option("--url <address>", "address of the collector, as browsers reach it")
    .option("--site <address>", "address of a page of the site")
    .option(
      "--compose <file>",
      "compose file, repeatable as with docker compose (default: deploy/docker-compose.full.yml, where there is one)",
      collect,
      [],
    )
    .option("--nginx <file>", "nginx.conf of the edge (default: deploy/edge/nginx.conf, where there is one)")
    .option("--nginx-command <command>", "how nginx is called, for --rehearse (default: nginx)")
    .option("--env <file>", "file of variables (default: .env beside the compose file)")
    .option("--repo <dir>", "repository (default: this folder, where it is one)")
    .option("--data-dir <dir>", "data directory of the collector, on this machine")
    .option("--prometheus <address>", "a Prometheus, to see its alert rules")
    .option("--key-file <file>", "file with a key of scope read (default: PASSERBY_KEY)")
    .option("--github <owner/name>", "repository at GitHub, to see its workflows")
    .option("--load", "allow a short burst of requests")
    .option("--rehearse", "allow the rollback levers to be pulled and put back")
    .option("--run-tests", "allow npm test to be run")
    .option("--connect-to <host:port=address:port>", "use this address in place of DNS (repeatable)", collect, [])
    .option("--ca <file>", "certificates to trust, as PEM, in place of the system's")
    .option("--section <number>", "only this section of the checklist (repeatable)", collect, [])
    .addOption(new Option("--json", "print the report as JSON").conflicts(["markdown", "junit"]))
    .addOption(new Option("--markdown", "print the report as a checklist in Markdown").conflicts("junit"))
    .option("--junit", "print the report as JUnit XML")
    .option("--verbose", "show the evidence of what passed, too")
    .addOption(new Option("--watch <time>", "look again and again for so long, such as 15m").conflicts("fix"))
    .option("--every <time>", "pause between two looks of --watch", "1m")
    .option("--fix", "offer the changes of files that mend what is wrong")
    .option("--yes", "make the changes of --fix without asking")
    .addHelpText("after", HELP)
    .action(examine);
}

async function examine(flags: Flags): Promise<void> {
  const options = readOptions(flags);
  const sections = flags.section.map(readSection);
  const isAsked = ({ line }: Check): boolean => sections.length === 0 || sections.includes(Number(line.split(".")[0]));
  if (flags.watch !== undefined) {
    const { watch: duration, every, json } = flags;
    const results = await watchDeployment(options, isAsked, { duration, every, isJson: json === true });
    // The lines say it all already.
    if (json !== true) await printReport(results, options, flags);
    process.exitCode = exitCodeOf(results);
    return;
  }
  const first = await runShown(options, isAsked, flags.json !== true);
  const results = flags.fix ? await mendByAsking(first, options, isAsked, flags.yes === true) : first;
  await printReport(results, options, flags);
  process.exitCode = exitCodeOf(results);
}

/** Runs the checks once, with a list that grows at a terminal. */
function runShown(
  options: DoctorOptions,
  isAsked: (check: Check) => boolean,
  isWanted: boolean,
): Promise<readonly Result[]> {
  const isLive = process.stderr.isTTY && isWanted;
  const hasColours = isLive && process.stderr.hasColors();
  return runChecks(openInputs(options), {
    isAsked,
    onStart: ({ asks }) => {
      if (isLive) process.stderr.write(`\r\u001b[K… ${asks}`);
    },
    onResult: (result) => {
      // What was skipped is told in the report, with its reason.
      const line = result.finding.verdict === "skipped" ? "" : `${resultLine(result, hasColours)}\n`;
      if (isLive) process.stderr.write(`\r\u001b[K${line}`);
    },
  });
}

async function printReport(results: readonly Result[], options: DoctorOptions, flags: Flags): Promise<void> {
  const report = makeReport(results, {
    checkedAt: new Date(systemClock.now()).toISOString(),
    lookedAt: lookedAtOf(options),
    settings: await readEffective(openInputs(options)),
  });
  if (flags.json) return console.log(reportJson(report));
  if (flags.junit) return console.log(reportJunit(report));
  if (flags.markdown) return console.log(reportMarkdown(report));
  const hasColours = process.stdout.hasColors?.() ?? false;
  const width = process.stdout.isTTY ? process.stdout.columns : undefined;
  console.log(reportText(report, { hasColours, width, isVerbose: flags.verbose === true }));
}

function readSection(text: string): number {
  const section = Number(text);
  if (Number.isInteger(section) && section >= 1 && section <= 11) return section;
  throw new PasserbyError("setting_invalid", `--section ${text} is not allowed: give a number from 1 to 11`);
}

/** `passerby doctor`: holds the production checklist against a deployment and says what is wrong and how to mend it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Command } from "commander";
import { systemClock } from "../src/clock.ts";
import { type CommandAnswer, type DoctorOptions, openInputs } from "../src/doctor/inputs.ts";
import { makeReport } from "../src/doctor/report/make-report.ts";
import { reportJson } from "../src/doctor/report/report-json.ts";
import { reportText, resultLine } from "../src/doctor/report/report-text.ts";
import { exitCodeOf, runChecks } from "../src/doctor/run-checks.ts";
import { PasserbyError } from "../src/errors.ts";
import { readNetwork, readText } from "./network-flags.ts";

type Flags = {
  url?: string;
  site?: string;
  compose?: string;
  nginx?: string;
  nginxCommand?: string;
  env?: string;
  repo?: string;
  dataDir?: string;
  prometheus?: string;
  keyFile?: string;
  github?: string;
  load?: boolean;
  rehearse?: boolean;
  runTests?: boolean;
  connectTo: readonly string[];
  ca?: string;
  section: readonly string[];
  json?: boolean;
  verbose?: boolean;
};

const HELP = `
Without flags it looks at the repository in this folder: deploy/docker-compose.full.yml, deploy/.env and the edge. What it
could not see is skipped, and the reason names the flag that would allow it. It changes nothing and is a polite guest: what
could be felt by visitors is done only with --load and --rehearse.

Exit codes:
  0  nothing failed
  1  something failed
  2  wrong usage, or nothing could be looked at

Examples:
  passerby doctor --url https://metrics.example.com --site https://example.com
  passerby doctor --section 3 --nginx /etc/nginx/nginx.conf
  passerby doctor --json > doctor.json`;

/** Makes the subcommand. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("hold the production checklist against a deployment")
    .option("--url <address>", "address of the collector, as browsers reach it")
    .option("--site <address>", "address of a page of the site")
    .option("--compose <file>", "compose file (default: deploy/docker-compose.full.yml, where there is one)")
    .option("--nginx <file>", "nginx.conf of the edge (default: deploy/edge/nginx.conf, where there is one)")
    .option("--nginx-command <command>", "how nginx is called, for --rehearse (default: nginx)")
    .option("--env <file>", "file of variables (default: .env beside the compose file)")
    .option("--repo <dir>", "repository (default: this folder, where it is one)")
    .option("--data-dir <dir>", "data directory of the collector, on this machine")
    .option("--prometheus <address>", "a Prometheus, to see its alert rules")
    .option("--key-file <file>", "file with a key of scope read")
    .option("--github <owner/name>", "repository at GitHub, to see its workflows")
    .option("--load", "allow a short burst of requests")
    .option("--rehearse", "allow the rollback levers to be pulled and put back")
    .option("--run-tests", "allow npm test to be run")
    .option("--connect-to <host:port=address:port>", "use this address in place of DNS (repeatable)", collect, [])
    .option("--ca <file>", "certificates to trust, as PEM, in place of the system's")
    .option("--section <number>", "only this section of the checklist (repeatable)", collect, [])
    .option("--json", "print the report as JSON")
    .option("--verbose", "show the evidence of what passed, too")
    .addHelpText("after", HELP)
    .action(examine);
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

async function examine(flags: Flags): Promise<void> {
  const options = readOptions(flags);
  const sections = flags.section.map(readSection);
  const isLive = process.stderr.isTTY && flags.json !== true;
  const results = await runChecks(openInputs(options), {
    isAsked: ({ line }) => sections.length === 0 || sections.includes(Number(line.split(".")[0])),
    onStart: ({ asks }) => {
      if (isLive) process.stderr.write(`\r\u001b[K… ${asks}`);
    },
    onResult: (result) => {
      if (isLive) process.stderr.write(`\r\u001b[K${resultLine(result, true)}\n`);
    },
  });
  const report = makeReport(results, {
    checkedAt: new Date(systemClock.now()).toISOString(),
    lookedAt: lookedAtOf(options),
  });
  const hasColours = process.stdout.hasColors?.() ?? false;
  const shown = flags.json ? reportJson(report) : reportText(report, { hasColours, isVerbose: flags.verbose === true });
  console.log(shown);
  process.exitCode = exitCodeOf(results);
}

function readOptions(flags: Flags): DoctorOptions {
  const found = (...path: readonly string[]): string | undefined => {
    const file = join(...path);
    return existsSync(file) ? file : undefined;
  };
  const compose = flags.compose ?? found("deploy", "docker-compose.full.yml");
  return {
    url: readAddress("--url", flags.url),
    site: readAddress("--site", flags.site),
    compose,
    env: flags.env ?? (compose === undefined ? found(".env") : found(compose, "..", ".env")),
    nginx: flags.nginx ?? found("deploy", "edge", "nginx.conf"),
    repo: flags.repo ?? found(".git")?.replace(/\.git$/, "."),
    dataDir: flags.dataDir,
    prometheus: readAddress("--prometheus", flags.prometheus),
    key: flags.keyFile === undefined ? undefined : readText("--key-file", flags.keyFile).trim(),
    github: flags.github,
    load: flags.load === true,
    rehearse: flags.rehearse === true,
    runTests: flags.runTests === true,
    network: readNetwork(flags),
    // nginx lies where the path of an ordinary user does not lead.
    environment: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin` },
    ...{ flagsOf, passerby: runPasserby, nginxCommand: flags.nginxCommand },
  };
}

/** Calls this very program again; what it prints is not shown. */
async function runPasserby(args: readonly string[]): Promise<CommandAnswer> {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? "", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: typeof code === "number" ? code : -1, stdout, stderr };
}

/** Flags that a subcommand takes, as its own help would list them. */
async function flagsOf(subcommand: string): Promise<readonly string[]> {
  if (subcommand !== "rotate") return [];
  const { rotateCommand } = await import("./rotate.ts");
  return rotateCommand().options.flatMap(({ long }) => (long ? [long] : []));
}

function lookedAtOf({
  url,
  site,
  compose,
  nginx,
  env,
  repo,
  dataDir,
  prometheus,
}: DoctorOptions): Record<string, string> {
  const all = {
    url: url?.href,
    site: site?.href,
    compose,
    nginx,
    env,
    repo,
    data_dir: dataDir,
    prometheus: prometheus?.href,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function readAddress(flag: string, text: string | undefined): URL | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new PasserbyError(
    "setting_invalid",
    `${flag} ${text} is not allowed: give an address such as https://example.com`,
  );
}

function readSection(text: string): number {
  const section = Number(text);
  if (Number.isInteger(section) && section >= 1 && section <= 11) return section;
  throw new PasserbyError("setting_invalid", `--section ${text} is not allowed: give a number from 1 to 11`);
}

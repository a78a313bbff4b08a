/** `passerby ledger`: shows what came and what became of it, from the running server or, without one, from its files. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { Compile } from "typebox/compile";
import { systemClock } from "../src/clock.ts";
import { parseTimestamp } from "../src/collector/intake/decode.ts";
import { checkStored, type StoredCheck } from "../src/collector/ledger/check-stored.ts";
import { minuteOf } from "../src/collector/ledger/counts.ts";
import {
  LEDGER_STEPS,
  type LedgerQuestion,
  type LedgerReport,
  type LedgerStep,
  reportLedger,
} from "../src/collector/ledger/ledger-report.ts";
import { readLedger } from "../src/collector/ledger/read-ledger.ts";
import { PasserbyError } from "../src/errors.ts";
import { askOwner } from "../src/log/owner/control-channel.ts";
import { formatLedger } from "./ledger-table.ts";
import { commandSettings } from "./settings.ts";

type Flags = {
  site?: string;
  since?: string;
  from?: string;
  to?: string;
  by: LedgerStep;
  check?: boolean;
  dataDir?: string;
  json?: boolean;
};

const HELP = `
The unit is one event; a body that could not be read into events counts as one, under the site (unknown). At any minute
and for each site, received is the sum of stored and of every reason that something was dropped or refused for. Beside a
running server the numbers are exact as of now; docs/reference/ledger.md says what they mean. Times are UTC.

Exit codes:
  0  everything adds up
  1  received is not what is accounted for, or --check found that stored is not what the log has
  2  wrong usage, or a data directory that cannot be used

Examples:
  passerby ledger
  passerby ledger --since 7d --by day
  passerby ledger --site example.com --from 2026-11-23T08:00:00Z --to 2026-11-23T09:00:00Z --by minute
  passerby ledger --since 30d --check --json`;

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

const reportShape = Compile({
  type: "object",
  required: ["rows", "totals", "balanced", "final_before", "warnings"],
  properties: {
    rows: { type: "array" },
    totals: { type: "object" },
    balanced: { type: "boolean" },
    final_before: { anyOf: [{ type: "string" }, { type: "null" }] },
    warnings: { type: "array", items: { type: "string" } },
  },
});

/** Makes the subcommand. */
export function ledgerCommand(): Command {
  return new Command("ledger")
    .description("show what was received and what became of it: stored, dropped or refused, and why")
    .option("--site <site>", "only this site; (unknown) for what no site is known of")
    .option("--since <time>", "from so long ago on, such as 90m, 24h or 7d (default: 24h)")
    .option("--from <time>", "from this time on: a date, or a date and time with offset")
    .option("--to <time>", "up to this time (default: now)")
    .addOption(new Option("--by <length>", "time that a row stands for").choices(LEDGER_STEPS).default("total"))
    .option("--check", "count the whole log and compare it with stored")
    .option("--data-dir <dir>", "data directory (METRICS_DATA_DIR, default ./data)")
    .option("--json", "print the report as JSON")
    .addHelpText("after", HELP)
    .action(showLedger);
}

async function showLedger(flags: Flags): Promise<void> {
  const dataDir = resolve(commandSettings({ METRICS_DATA_DIR: flags.dataDir }, undefined).dataDir);
  if (!existsSync(dataDir)) {
    throw new PasserbyError("input_unreadable", `there is no data directory ${dataDir}: give it with --data-dir`);
  }
  const question = readQuestion(flags, systemClock.now());
  const report = await ask(dataDir, question);
  const check = flags.check ? await compare(dataDir, question) : undefined;
  if (flags.json) console.log(JSON.stringify(check === undefined ? report : { ...report, check }));
  else print(report, question, check);
  if (!report.balanced || (check?.differences.length ?? 0) > 0) process.exitCode = 1;
}

/** Asks the running server; where there is none, or one that does not know the question, the files are read. */
async function ask(dataDir: string, question: LedgerQuestion): Promise<LedgerReport> {
  const { fromMs, toMs, by, site } = question;
  const answer = await askOwner(dataDir, "ledger", { fromMs, toMs, by, site }).catch((error: unknown) => {
    if (error instanceof PasserbyError) return undefined;
    throw error;
  });
  return isReport(answer) ? answer : reportLedger(await readLedger(dataDir, question), question);
}

function isReport(value: unknown): value is LedgerReport {
  return reportShape.Check(value);
}

/** Compares minutes that change no more. */
async function compare(dataDir: string, question: LedgerQuestion): Promise<StoredCheck> {
  const { rows, final_before } = await ask(dataDir, { ...question, by: "minute" });
  const finalMs = final_before === null ? question.toMs : Date.parse(final_before);
  const range = { fromMs: question.fromMs, toMs: Math.min(question.toMs, finalMs) };
  return checkStored(dataDir, rows, { ...range, site: question.site });
}

function print(report: LedgerReport, { by }: LedgerQuestion, check: StoredCheck | undefined): void {
  if (report.rows.length === 0) console.log("Nothing was received in this time. Look further back with --since 30d.");
  else console.log(formatLedger(report, by));
  for (const warning of report.warnings) console.log(`! ${warning}`);
  if (check === undefined) return;
  for (const { from, site, stored, inLog } of check.differences) {
    console.log(`! ${site} at ${from.slice(0, 16).replace("T", " ")}: ${stored} stored, ${inLog} in the log`);
  }
  const events = check.events.toLocaleString("en");
  const left = report.final_before === null ? "" : " (the last minutes, which may still change, are left out)";
  const erased = check.erased === 0 ? "" : `, ${check.erased.toLocaleString("en")} were erased since`;
  if (check.differences.length > 0) return;
  console.log(`Stored is what the log has: ${events} events compared${erased}${left}.`);
}

function readQuestion(flags: Flags, nowMs: number): LedgerQuestion {
  if (flags.since !== undefined && flags.from !== undefined) {
    throw new PasserbyError("setting_invalid", "--since and --from are both given: give one");
  }
  const toMs = flags.to === undefined ? nowMs : readTime("--to", flags.to);
  const fromMs = flags.from === undefined ? toMs - readLength(flags.since ?? "24h") : readTime("--from", flags.from);
  if (fromMs >= toMs) throw new PasserbyError("setting_invalid", "--from is not before --to");
  return { fromMs: minuteOf(fromMs), toMs, by: flags.by, site: flags.site ?? null };
}

function readLength(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit ?? ""];
  if (count !== undefined && unitMs !== undefined) return Number(count) * unitMs;
  throw new PasserbyError(
    "setting_invalid",
    `--since ${text} is not allowed: give minutes, hours or days, such as 24h`,
  );
}

function readTime(flag: string, text: string): number {
  const time = parseTimestamp(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (time !== undefined) return time;
  const allowed = "2026-11-23 or 2026-11-23T08:00:00Z";
  throw new PasserbyError(
    "setting_invalid",
    `${flag} ${text} is not allowed: give a date or a time, such as ${allowed}`,
  );
}

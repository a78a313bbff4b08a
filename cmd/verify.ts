/** `passerby verify`: reads the whole log, says what is damaged, and with --repair moves it aside. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { systemClock } from "../src/clock.ts";
import { PasserbyError } from "../src/errors.ts";
import { repairLog } from "../src/log/repair/repair-log.ts";
import type { RepairAction } from "../src/log/repair/repair-shard.ts";
import { type VerifyOptions, verifyLog } from "../src/log/verify/verify-log.ts";
import { startBar } from "./progress-bar.ts";
import { commandSettings } from "./settings.ts";
import { verifyJson, verifyText } from "./verify-report.ts";

type Flags = {
  dataDir?: string;
  repair?: boolean;
  accept?: boolean;
  from?: string;
  to?: string;
  json?: boolean;
};

const HELP = `
Every line is read and judged, the numbers of lines are checked for gaps, and sealed shards are compared with what was
measured when they were sealed. Damage is told by file, line and byte; docs/reference/verifying.md says what each kind
means. Works beside a running collector. --repair moves damaged lines aside into metrics-torn-... files and deletes
nothing; it waits for nobody: while a rotation or another repair is at work it refuses.

Exit codes:
  0  the log is sound; with --repair: it is now
  1  damage was found; with --repair: some is left
  2  wrong usage, or a data directory that cannot be used

Examples:
  passerby verify
  passerby verify --from 2026-11-01 --to 2026-11-30 --json
  passerby verify --repair
  passerby verify --repair --accept`;

/** Makes the subcommand. */
export function verifyCommand(): Command {
  return new Command("verify")
    .description("read the whole log and say what is damaged")
    .option("--data-dir <dir>", "data directory (METRICS_DATA_DIR, default ./data)")
    .option("--repair", "move damaged lines aside, so that the log is sound without them")
    .option("--accept", "with --repair: take shards that were changed or are gone, gaps and repeats as given")
    .option("--from <day>", "only shards of this UTC day and later ones, such as 2026-11-24")
    .option("--to <day>", "only shards of this UTC day and earlier ones")
    .option("--json", "print the report as JSON, and no progress")
    .addHelpText("after", HELP)
    .action(verify);
}

async function verify(flags: Flags): Promise<void> {
  const options = readOptions(flags);
  const repairs = flags.repair ? await repair(options, flags) : undefined;
  const log = await withBar("verifying", flags, (onProgress) => verifyLog({ ...options, onProgress }));
  console.log(flags.json ? verifyJson(log, repairs) : verifyText(log, repairs));
  if (log.damaged > 0) process.exitCode = 1;
}

function repair(options: VerifyOptions, flags: Flags): Promise<readonly RepairAction[]> {
  const accept = flags.accept === true;
  return withBar("repairing", flags, (onProgress) => repairLog({ ...options, accept, onProgress }));
}

async function withBar<Result>(
  label: string,
  { json }: Flags,
  work: (onProgress: (share: number) => void) => Promise<Result>,
): Promise<Result> {
  const bar = startBar(label, json === true);
  try {
    return await work(bar.update);
  } finally {
    bar.stop();
  }
}

function readOptions({ accept, repair: isRepair, ...flags }: Flags): VerifyOptions {
  const dataDir = resolve(commandSettings({ METRICS_DATA_DIR: flags.dataDir }, undefined).dataDir);
  if (!existsSync(dataDir)) {
    throw new PasserbyError("input_unreadable", `there is no data directory ${dataDir}: give it with --data-dir`);
  }
  if (accept && !isRepair) throw new PasserbyError("setting_invalid", "--accept goes with --repair: give both");
  const from = readDay("--from", flags.from);
  const to = readDay("--to", flags.to);
  if (from !== undefined && to !== undefined && from > to) {
    throw new PasserbyError("setting_invalid", "--from is behind --to");
  }
  return { dataDir, clock: systemClock, from, to };
}

function readDay(flag: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time) && new Date(time).toISOString().startsWith(text)) return text;
  throw new PasserbyError("setting_invalid", `${flag} ${text} is not allowed: give a UTC day, such as 2026-11-24`);
}

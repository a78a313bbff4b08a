/** `passerby rotate`: compresses and deletes what is old of the log, once or again and again, beside a running collector. */
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { systemClock } from "../src/clock.ts";
import type { Settings } from "../src/config.ts";
import { PasserbyError } from "../src/errors.ts";
import { keepRotating } from "../src/log/rotate/keep-rotating.ts";
import { lowerPriority } from "../src/log/rotate/low-priority.ts";
import type { RotationPolicy } from "../src/log/rotate/plan.ts";
import { previewRotation } from "../src/log/rotate/preview.ts";
import { type RotationReport, rotateOnce } from "../src/log/rotate/rotator.ts";
import { addPauseFlags, changePause, type PauseFlags, requireFolder } from "./rotate-pause.ts";
import { describeRun, formatPreview } from "./rotation-table.ts";
import { commandSettings } from "./settings.ts";

type Flags = {
  dataDir?: string;
  interval: string;
  gzipAfterDays: string;
  deleteAfterDays?: string;
  maxMb?: string;
  compress: "gzip" | "zstd";
  once?: boolean;
  dryRun?: boolean;
  json?: boolean;
} & PauseFlags;

const HELP = `
Ages are counted in UTC days from the date in a file's name. What is deleted cannot be had back; imports are kept as their
own --keep says. Each run prints one line and writes rotator.json into the data directory. passerby start does the same
by itself where no passerby rotate runs (METRICS_ROTATE). docs/reference/rotation.md has the rules.

--pause holds every rotator of the data directory, that of passerby start and later ones too: nothing is deleted meanwhile,
so files of the log get older than METRICS_RETENTION_DAYS. It returns when no run is under way any more.

Exit codes:
  0  done, or stopped on request
  1  something failed: the line says what, nothing is lost, and the next run tries again
  2  wrong usage, another rotator or a command that works on the shards is there, the data directory cannot be used, or
     (--once) the rotation is paused

Examples:
  passerby rotate --data-dir /var/lib/passerby
  passerby rotate --once --dry-run
  passerby rotate --once --gzip-after-days 1 --delete-after-days 90 --compress zstd --json
  passerby rotate --pause --for 2h --reason "the disk is being moved"
  passerby rotate --resume`;

const MEBIBYTE = 1_048_576;

/** Makes the subcommand. */
export function rotateCommand(): Command {
  const command = new Command("rotate").description("compress and delete old files of the log");
  return addPauseFlags(command)
    .option("--data-dir <dir>", "data directory (METRICS_DATA_DIR, default ./data)")
    .option("--interval <seconds>", "seconds from run to run", "300")
    .option("--gzip-after-days <days>", "compress what is older", "3")
    .option("--delete-after-days <days>", "delete what is older (METRICS_RETENTION_DAYS, default 30)")
    .option("--max-mb <mebibytes>", "have an active file sealed that is larger (METRICS_MAX_SHARD_MB, default 64)")
    .addOption(new Option("--compress <format>", "how to compress").choices(["gzip", "zstd"]).default("gzip"))
    .option("--once", "run a single time")
    .option("--dry-run", "print what would be done, and change nothing")
    .option("--json", "print each run as a line of JSON")
    .addHelpText("after", HELP)
    .action(rotate);
}

async function rotate(flags: Flags): Promise<void> {
  const settings = commandSettings({ METRICS_DATA_DIR: flags.dataDir }, undefined);
  const dataDir = resolve(settings.dataDir);
  if (await changePause(flags, dataDir)) return;
  const intervalSeconds = readWhole("--interval", flags.interval, 1, 86_400);
  const policy = readPolicy(flags, settings);
  requireFolder(dataDir);
  const common = { dataDir, policy, clock: systemClock, signal: stopSignal() };
  if (flags.dryRun) {
    const preview = await previewRotation(common);
    console.log(flags.json ? JSON.stringify(preview) : formatPreview(preview));
    return;
  }
  lowerPriority();
  const onReport = (report: RotationReport): void => {
    console.log(flags.json ? JSON.stringify(report) : describeRun(report));
    if (flags.once && report.errors.length > 0) process.exitCode = 1;
  };
  if (flags.once) onReport(await rotateOnce({ ...common, intervalSeconds: null }));
  else await keepRotating({ ...common, intervalSeconds, onReport, onSkipped: tellSkipped });
}

function tellSkipped(message: string): void {
  console.error(`passerby: this run is left out: ${message}`);
}

/** Aborted by the first SIGTERM or SIGINT: the run ends after the step it is at. */
function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stopping.abort());
  return stopping.signal;
}

function readPolicy(flags: Flags, settings: Settings): RotationPolicy {
  const { gzipAfterDays, compress } = flags;
  const { deleteAfterDays = String(settings.retentionDays), maxMb = String(settings.maxShardMb) } = flags;
  return {
    gzipAfterDays: readWhole("--gzip-after-days", gzipAfterDays, 1, 100_000),
    deleteAfterDays: readWhole("--delete-after-days", deleteAfterDays, 1, 100_000),
    maxBytes: readWhole("--max-mb", maxMb, 1, 1_048_576) * MEBIBYTE,
    compress,
  };
}

function readWhole(flag: string, text: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new PasserbyError(
    "setting_invalid",
    `${flag} ${text} is not allowed: give a whole number from ${least} to ${most}`,
  );
}

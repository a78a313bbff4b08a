/** `passerby restore`: brings a backup into an empty data directory, or only checks that it could. */
import { resolve } from "node:path";
import { Command } from "commander";
import { systemClock } from "../src/clock.ts";
import { checkBackup, listCopies, readFinished } from "../src/transfer/backup/check-backup.ts";
import { type RestoreReport, restoreBackup } from "../src/transfer/backup/restore-backup.ts";
import { startBar } from "./progress-bar.ts";
import { commandSettings } from "./settings.ts";

type Flags = { dataDir?: string; verify?: boolean; json?: boolean };

const HELP = `
DIR is what passerby backup was given. The data directory must be empty or missing: nothing is merged or overwritten.
Every file is checked before the first one is put in its place; if one is damaged, nothing is restored. A run that was
killed is started again with the same command. An erasure that was made after the backup has to be made again.

Exit codes:
  0  restored, or with --verify: everything in the backup is as it was copied
  1  something in the backup is damaged or missing, or could not be copied; the report names it
  2  wrong usage, no finished backup, or a data directory that is not empty

Examples:
  passerby restore /mnt/backup/passerby --verify
  passerby restore /mnt/backup/passerby --data-dir /var/lib/passerby`;

/** Makes the subcommand. */
export function restoreCommand(): Command {
  return new Command("restore")
    .description("bring a backup into an empty data directory")
    .argument("<dir>", "folder of the backup")
    .option("--data-dir <dir>", "data directory to fill (METRICS_DATA_DIR, default ./data)")
    .option("--verify", "only read the backup and check it; nothing is changed")
    .option("--json", "print the report as JSON, and no progress")
    .addHelpText("after", HELP)
    .action((dir: string, flags: Flags) => (flags.verify ? runVerify(dir, flags) : runRestore(dir, flags)));
}

async function runVerify(dir: string, flags: Flags): Promise<void> {
  const folder = resolve(dir);
  const bar = startBar("checking", flags.json === true);
  try {
    const record = readFinished(folder);
    const problems = await checkBackup(folder, record, bar.update);
    bar.stop();
    const files = listCopies(record).length;
    const text = `${dir}: ${count(files)} files of the backup of ${record.finishedAt} read, ${count(problems.length)} not as they were copied`;
    const wire = { ok: problems.length === 0, finished_at: record.finishedAt, files, problems };
    console.log(flags.json ? JSON.stringify(wire) : [text, ...problems.map(marked)].join("\n"));
    if (problems.length > 0) process.exitCode = 1;
  } finally {
    bar.stop();
  }
}

async function runRestore(dir: string, flags: Flags): Promise<void> {
  const dataDir = resolve(commandSettings({ METRICS_DATA_DIR: flags.dataDir }, undefined).dataDir);
  const bar = startBar("restoring", flags.json === true);
  try {
    const options = { folder: resolve(dir), dataDir, clock: systemClock, onProgress: bar.update };
    const { finishedAt, ...report } = await restoreBackup(options);
    bar.stop();
    const isRestored = report.problems.length === 0;
    const wire = { ok: isRestored, restored: isRestored, finished_at: finishedAt, ...report };
    console.log(flags.json ? JSON.stringify(wire) : describe(dir, dataDir, { finishedAt, ...report }));
    if (!isRestored) process.exitCode = 1;
  } finally {
    bar.stop();
  }
}

function describe(dir: string, dataDir: string, report: RestoreReport): string {
  const { lines, shards, files, finishedAt, problems } = report;
  if (problems.length > 0) return [`${dir}: nothing was restored`, ...problems.map(marked)].join("\n");
  return [
    `${dataDir}: ${count(lines)} lines in ${count(shards)} files of the log and ${count(files)} others, as of ${finishedAt}`,
    "  Salts, keys and sessions are in no backup: visitors of today count anew, and keys have to be made again.",
    `  Next: passerby start --data-dir ${dataDir} builds the store from the log. Repeat erasures made after ${finishedAt}.`,
  ].join("\n");
}

function marked(problem: string): string {
  return `! ${problem}`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

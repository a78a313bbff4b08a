/** `passerby backup`: copies the log and what belongs to it to another folder, while the collector writes. */
import { resolve } from "node:path";
import { Command } from "commander";
import packageFacts from "../package.json" with { type: "json" };
import { systemClock } from "../src/clock.ts";
import { type BackupReport, makeBackup } from "../src/transfer/backup/make-backup.ts";
import { startBar } from "./progress-bar.ts";
import { commandSettings } from "./settings.ts";

type Flags = { dataDir?: string; json?: boolean };

const HELP = `
The first run copies everything, later ones what is new. What was deleted or erased since is deleted in DIR, too. Salts,
keys and sessions are in no backup. A run that was killed is continued by the next; until that has finished, DIR holds
the last finished backup (docs/reference/backups.md). Keep DIR on another disk.

Exit codes:
  0  everything is in the backup, and was read back
  1  something could not be copied or read back, or the disk of DIR is full; the report names it
  2  wrong usage, or a folder that cannot be used

Examples:
  passerby backup /mnt/backup/passerby
  passerby backup /mnt/backup/passerby --data-dir /var/lib/passerby --json
  passerby restore /mnt/backup/passerby --verify`;

/** Makes the subcommand. */
export function backupCommand(): Command {
  return new Command("backup")
    .description("copy the log to another folder, beside a running collector; again: only what is new")
    .argument("<dir>", "folder of the backup, made if missing")
    .option("--data-dir <dir>", "data directory (METRICS_DATA_DIR, default ./data)")
    .option("--json", "print the report as JSON, and no progress")
    .addHelpText("after", HELP)
    .action(runBackup);
}

async function runBackup(dir: string, flags: Flags): Promise<void> {
  const settings = commandSettings({ METRICS_DATA_DIR: flags.dataDir }, undefined);
  const bar = startBar("copying", flags.json === true);
  const warnings: string[] = [];
  try {
    const report = await makeBackup({
      dataDir: resolve(settings.dataDir),
      folder: resolve(dir),
      clock: systemClock,
      retentionDays: settings.retentionDays,
      toolVersion: packageFacts.version,
      onWarning: (warning) => warnings.push(warning),
      onProgress: bar.update,
    });
    bar.stop();
    console.log(flags.json ? JSON.stringify(wire(report, warnings)) : describe(dir, report, warnings));
    if (report.problems.length > 0) process.exitCode = 1;
  } finally {
    bar.stop();
  }
}

function wire(report: BackupReport, warnings: readonly string[]): object {
  const { copiedBytes, ...same } = report;
  return { ok: report.problems.length === 0, ...same, copied_bytes: copiedBytes, warnings };
}

function describe(dir: string, report: BackupReport, warnings: readonly string[]): string {
  const count = (value: number): string => value.toLocaleString("en-US");
  const { finished, copied, copiedBytes, rewritten, kept, deleted, lines, problems } = report;
  const out = finished
    ? [
        `${dir}: ${count(lines)} lines in ${count(copied + kept)} files of the log`,
        `  ${count(copied)} copied (${count(copiedBytes)} bytes, ${count(rewritten)} of them rewritten by an erasure), ` +
          `${count(kept)} were there, ${count(deleted)} deleted as in the data directory`,
      ]
    : [`${dir}: not finished`];
  return [...out, ...[...problems, ...warnings].map((text) => `! ${text}`)].join("\n");
}

/** `passerby identity`: shows that old visitor ids cannot be computed again: which salts are alive, which were destroyed and when. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { systemClock } from "../src/clock.ts";
import { reportSalts, type SaltReport } from "../src/collector/identity/salt-report.ts";
import { describeError, PasserbyError } from "../src/errors.ts";
import { commandSettings } from "./settings.ts";

/** Exit code when a salt outlived its time. */
const EXIT_OVERDUE = 1;

/** Destroyed salts that the text shows; --json shows all. */
const SHOWN = 14;

/** Makes the subcommand. */
export function identityCommand(): Command {
  return new Command("identity")
    .description("show which salts of visitor ids are alive, and which were destroyed and when")
    .option("--data-dir <dir>", "data directory (METRICS_DATA_DIR, default ./data)")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
A visitor id is made with a random salt of the UTC day; once the salt is destroyed nobody can compute the id again.
Salts are shown by a fingerprint, never themselves. It reads the data directory only and needs no running server.

Examples:
  passerby identity
  passerby identity --data-dir /var/lib/passerby --json

Exit codes: 0 nothing is overdue, 1 a salt older than 48 h is still there, 2 the data directory could not be read.`,
    )
    .action((flags: { dataDir?: string; json?: boolean }) => {
      const dataDir = resolve(commandSettings({ METRICS_DATA_DIR: flags.dataDir }, undefined).dataDir);
      const report = readReport(dataDir);
      console.log(flags.json ? JSON.stringify(report) : describeReport(report));
      if (report.overdue > 0) process.exitCode = EXIT_OVERDUE;
    });
}

function readReport(dataDir: string): SaltReport {
  if (!existsSync(dataDir)) {
    throw new PasserbyError("data_dir_unusable", `${dataDir} is not there: give the data directory with --data-dir`);
  }
  try {
    return reportSalts(dataDir, systemClock.now());
  } catch (cause) {
    if (cause instanceof PasserbyError) throw cause;
    throw new PasserbyError("data_dir_unusable", `${dataDir} cannot be read: ${describeError(cause)}`, { cause });
  }
}

function describeReport(report: SaltReport): string {
  const { alive, destroyed, overdue, damaged_lines: damaged } = report;
  const living = alive.map((salt) => {
    const fate = salt.overdue ? `OVERDUE since ${toSecond(salt.until)}` : `until ${toSecond(salt.until)} at the latest`;
    return `alive      ${salt.day}  ${salt.fingerprint}  ${fate}${salt.born_at === null ? ", birth not noted yet" : ""}`;
  });
  const gone = destroyed.slice(0, SHOWN).map((salt) => {
    const when = salt.destroyed_at === null ? "not noted yet" : toSecond(salt.destroyed_at);
    return `destroyed  ${salt.day}  ${salt.fingerprint}  ${salt.noted_late ? "before " : ""}${when}`;
  });
  const older = destroyed.length - SHOWN;
  const rows = [...living, ...gone, ...(older > 0 ? [`… and ${older} destroyed before (--json lists them)`] : [])];
  const lines = damaged === 1 ? "1 line" : `${damaged} lines`;
  return [
    ...(rows.length > 0 ? rows : ["No salt yet: the first start makes one."]),
    ...(damaged > 0
      ? [`${lines} of the record cannot be read: cut off by a kill or a full disk, noted again since.`]
      : []),
    overdue > 0
      ? "A salt is older than 48 h: start the server, which destroys it, or remove the file salt-DAY."
      : "Nothing is overdue.",
  ].join("\n");
}

/** Cuts an ISO 8601 time to the second. */
function toSecond(time: string): string {
  return `${time.slice(0, 19)}Z`;
}

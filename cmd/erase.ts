/** `passerby erase`: takes a visitor or a site out of everything that a data directory holds, and writes a receipt. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { Command } from "commander";
import { systemClock, utcDay } from "../src/clock.ts";
import { PasserbyError } from "../src/errors.ts";
import { type Erasure, eraseEvents } from "../src/log/erase/erase-log.ts";
import { type Preview, previewErasure } from "../src/log/erase/preview.ts";
import type { EraseTarget } from "../src/log/erase/target.ts";
import { claimShards } from "../src/log/owner/ownership.ts";
import { findOwner } from "./erase-owner.ts";
import { erasureText, nothingText, previewText } from "./erase-report.ts";
import { startBar } from "./progress-bar.ts";
import { commandSettings } from "./settings.ts";

type Flags = {
  visitor?: string;
  site?: string;
  before?: string;
  dataDir?: string;
  dryRun?: boolean;
  yes?: boolean;
  json?: boolean;
};

const HELP = `
Erases the events of a visitor (on all sites) or of a site from the log, compressed shards, imports and quarantine, and from the
store, the live snapshot and the remembered event ids. An erased line keeps its place in the log and nothing else; counts of
the ledger stay. Works beside a running collector, and without one. What is received after it has begun is not erased.
Killed at any moment, the same command goes on. Backups and exports are not reached: see docs/reference/erasing.md.

In mode daily nobody can name a person's id once the salt of its day is gone (48 h): then there is nothing to ask for.

Exit codes:
  0  erased, or shown with --dry-run; a receipt, erasure-DAY-KEY.json, is in the data directory
  1  nothing was found, nothing has changed; or the answer to the question was no
  2  wrong usage, or the erasure did not end: run the same command again

Examples:
  passerby erase --visitor 4fQ0bJm1xkO2mZ9aTtB3Vw --dry-run
  passerby erase --visitor 4fQ0bJm1xkO2mZ9aTtB3Vw
  passerby erase --site example.com --before 2026-01-01 --yes --json`;

/** Makes the subcommand. */
export function eraseCommand(): Command {
  return new Command("erase")
    .description("erase a visitor or a site for good")
    .option("--visitor <id>", "the visitor's id, as stored")
    .option("--site <site>", "the site's name")
    .option("--before <date>", "only what was received before this UTC day, such as 2026-01-01")
    .option("--data-dir <dir>", "data directory (METRICS_DATA_DIR, default ./data)")
    .option("--dry-run", "show what would be erased, change nothing")
    .option("--yes", "do not ask")
    .option("--json", "print JSON, and no progress")
    .addHelpText("after", HELP)
    .action(erase);
}

async function erase(flags: Flags): Promise<void> {
  const target = readTarget(flags);
  const dataDir = resolve(commandSettings({ METRICS_DATA_DIR: flags.dataDir }, undefined).dataDir);
  if (!existsSync(dataDir)) {
    throw new PasserbyError("input_unreadable", `there is no data directory ${dataDir}: give it with --data-dir`);
  }
  if (!flags.dryRun && !flags.yes && (flags.json || !process.stdin.isTTY)) {
    throw new PasserbyError("setting_invalid", "nobody can be asked here: add --yes to erase, or --dry-run to look");
  }
  const preview = await withBar(flags, "searching", (onProgress) => previewErasure(dataDir, target, onProgress));
  if (preview.lines === 0 && preview.begunAt === null) {
    console.log(flags.json ? JSON.stringify({ ok: true, found: 0 }) : nothingText(target));
    process.exitCode = 1;
    return;
  }
  if (flags.dryRun) {
    console.log(flags.json ? previewJson(preview) : `${previewText(preview)}\nDry run: nothing has changed.`);
    return;
  }
  if (!flags.json) console.log(previewText(preview));
  if (!flags.yes && !(await isConfirmed())) {
    console.log("Nothing has changed.");
    process.exitCode = 1;
    return;
  }
  const erasure = await withBar(flags, "erasing", (onProgress) => eraseHere(dataDir, target, onProgress));
  console.log(flags.json ? erasureJson(erasure) : erasureText(erasure));
  if (erasure.receipt === null) process.exitCode = 1;
}

async function eraseHere(dataDir: string, target: EraseTarget, onProgress: (share: number) => void): Promise<Erasure> {
  const owner = await findOwner(dataDir);
  try {
    const shards = await claimShards(dataDir, systemClock);
    try {
      return await eraseEvents({ dataDir, target, clock: systemClock, owner, onProgress });
    } finally {
      await shards.release();
    }
  } finally {
    await owner.release();
  }
}

function readTarget({ visitor, site, ...flags }: Flags): EraseTarget {
  const before = flags.before ?? null;
  if ((visitor === undefined) === (site === undefined)) {
    throw new PasserbyError("setting_invalid", "give one of --visitor ID and --site SITE");
  }
  if (before !== null && (!/^\d{4}-\d\d-\d\d$/.test(before) || utcDayOf(before) !== before)) {
    throw new PasserbyError("setting_invalid", `--before ${before} is not allowed: give a UTC day, such as 2026-01-01`);
  }
  if (site !== undefined) {
    const name = site.toLowerCase();
    if (/^[a-z0-9.-]{1,253}$/.test(name)) return { kind: "site", value: name, before };
    throw new PasserbyError("setting_invalid", `--site ${site} is not allowed: give a host name such as example.com`);
  }
  const id = visitor?.trim() ?? "";
  if (id.length >= 6 && id.length <= 64) return { kind: "visitor", value: id, before };
  throw new PasserbyError("setting_invalid", "--visitor is an id of 6 to 64 characters, as it stands in the log");
}

function utcDayOf(day: string): string | undefined {
  const timeMs = Date.parse(day);
  return Number.isNaN(timeMs) ? undefined : utcDay(timeMs);
}

async function isConfirmed(): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question("Erase this for good? Type yes: ")).trim() === "yes";
  } finally {
    terminal.close();
  }
}

function previewJson({ files, lines, begunAt }: Preview): string {
  const named = files.map(({ isActive, ...file }) => ({ ...file, active: isActive }));
  return JSON.stringify({ ok: true, dry_run: true, found: lines, files: named, begun_at: begunAt });
}

function erasureJson({ receipt, receiptFile, unfinished, unsearched }: Erasure): string {
  return JSON.stringify({ ok: true, found: receipt?.erased ?? 0, receipt, file: receiptFile, unfinished, unsearched });
}

/** Shows a bar to a person who waits; nothing to a file or another program. */
async function withBar<Result>(
  { json }: Flags,
  doing: string,
  work: (onProgress: (share: number) => void) => Promise<Result>,
): Promise<Result> {
  const bar = startBar(doing, json === true);
  try {
    return await work((share) => bar.update(share));
  } finally {
    bar.stop();
  }
}

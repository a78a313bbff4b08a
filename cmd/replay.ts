/** `passerby replay`: rebuilds the store from the log, through the running collector or, without one, by itself. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { Compile } from "typebox/compile";
import { systemClock } from "../src/clock.ts";
import { describeError, PasserbyError } from "../src/errors.ts";
import { askOwner, type Json } from "../src/log/owner/control-channel.ts";
import { claimDataDir } from "../src/log/owner/ownership.ts";
import { REPLAY_COMMAND, REPLAY_STATUS_COMMAND, writeReport } from "../src/server/replay-command.ts";
import type { LoadProgress } from "../src/store/load.ts";
import { type Progress, startBar } from "./progress-bar.ts";
import { commandSettings } from "./settings.ts";

type Flags = { dataDir?: string; json?: boolean };

const HELP = `
The store (store.duckdb) holds the events of the log as columns; what it has, the log has. The new store is built in a file of
its own (store-replay.duckdb) and takes the old one's place when it is whole. A replay that was ended goes on from there
with the next one. Beside a running collector the collector does the work, and answers from the old store meanwhile.

Exit codes:
  0  the new store is in place
  1  the replay did not end: the old store is as it was, and the next replay goes on
  2  wrong usage, or a data directory that cannot be used

Examples:
  passerby replay
  passerby replay --data-dir /var/lib/passerby --json`;

/** How often the collector is asked how far it is. */
const ASK_MS = 250;

const counts = [
  "events",
  "resumed",
  "duplicates",
  "damaged",
  "erased",
  "newer",
  "bytes",
  "seconds",
  "peak_memory_bytes",
] as const;

const reportShape = Compile({
  type: "object",
  required: counts,
  properties: {
    events: { type: "number" },
    resumed: { type: "number" },
    duplicates: { type: "number" },
    damaged: { type: "number" },
    erased: { type: "number" },
    newer: { type: "number" },
    bytes: { type: "number" },
    seconds: { type: "number" },
    peak_memory_bytes: { type: "number" },
  },
} as const);

const progressShape = Compile({
  type: "object",
  required: ["events", "bytes", "totalBytes"],
  properties: { events: { type: "number" }, bytes: { type: "number" }, totalBytes: { type: "number" } },
} as const);

type Report = Readonly<Record<(typeof counts)[number], number>>;

/** Makes the subcommand. */
export function replayCommand(): Command {
  return new Command("replay")
    .description("rebuild the store from the log")
    .option("--data-dir <dir>", "data directory (METRICS_DATA_DIR, default ./data)")
    .option("--json", "print the report as JSON, and no progress")
    .addHelpText("after", HELP)
    .action(replay);
}

async function replay(flags: Flags): Promise<void> {
  const settings = commandSettings({ METRICS_DATA_DIR: flags.dataDir }, undefined);
  const dataDir = resolve(settings.dataDir);
  if (!existsSync(dataDir)) {
    throw new PasserbyError("input_unreadable", `there is no data directory ${dataDir}: give it with --data-dir`);
  }
  const bar = startBar("replaying", flags.json === true);
  const onProgress = tellProgress(bar);
  try {
    const answer = await askCollector(dataDir, onProgress);
    const report = readReport(
      answer ?? (await replayUnowned({ dataDir, retentionDays: settings.retentionDays }, onProgress)),
    );
    bar.stop();
    const by = answer === undefined ? "command" : "collector";
    console.log(flags.json ? JSON.stringify(reportJson(report, by)) : reportText(report, by));
  } catch (error) {
    if (!(error instanceof PasserbyError) || !NOT_ENDED.includes(error.code)) throw error;
    bar.stop();
    const cause = error.cause === undefined ? "" : `: ${describeError(error.cause)}`;
    process.stderr.write(`passerby: the replay did not end, the old store is as it was: ${error.message}${cause}\n`);
    process.exitCode = 1;
  } finally {
    bar.stop();
  }
}

/** The collector stopped, its store is off, or the disk or the database failed. */
const NOT_ENDED: readonly string[] = ["store_unavailable", "internal_error"];

/** Has the running collector do it; undefined where none runs. */
async function askCollector(dataDir: string, onProgress: (progress: LoadProgress) => void): Promise<Json | undefined> {
  const timer = setInterval(() => {
    askOwner(dataDir, REPLAY_STATUS_COMMAND).then(
      (progress) => progressShape.Check(progress) && onProgress(progress),
      () => undefined, // Whoever waits for the replay is told.
    );
  }, ASK_MS);
  try {
    return await askOwner(dataDir, REPLAY_COMMAND);
  } catch (error) {
    if (!(error instanceof PasserbyError) || error.code !== "not_found") throw error;
    const message = `${dataDir} belongs to another command, or to a collector that starts: wait until it is done`;
    throw new PasserbyError("data_dir_owned", message);
  } finally {
    clearInterval(timer);
  }
}

async function replayUnowned(
  { dataDir, retentionDays }: { readonly dataDir: string; readonly retentionDays: number },
  onProgress: (progress: LoadProgress) => void,
): Promise<Json> {
  // Only here: DuckDB takes some 40 MB, and no other command needs it.
  const { buildStore, installStore } = await import("../src/store/rebuild.ts");
  const { keepDays } = await import("../src/store/kept.ts");
  const keeping = keepDays(dataDir, retentionDays, systemClock);
  // DuckDB makes files of its own, and what a data directory holds is its owner's business alone.
  process.umask(0o077);
  const ownership = await claimDataDir(dataDir, systemClock);
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    const report = await buildStore({ dataDir, clock: systemClock, keeping, onProgress, signal: stopping.signal });
    installStore(dataDir);
    return writeReport(report);
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    await ownership.release();
  }
}

function readReport(answer: Json): Report {
  if (reportShape.Check(answer)) return answer;
  throw new PasserbyError("internal_error", "the collector is of another version: restart it, and try again");
}

type By = "collector" | "command";

function reportJson(report: Report, by: By): Readonly<Record<string, unknown>> {
  return { ok: true, by, ...report, events_per_second: eventsPerSecond(report) };
}

function reportText(report: Report, by: By): string {
  const { events, resumed, duplicates, damaged, erased, newer, seconds, peak_memory_bytes: peak } = report;
  const count = (value: number): string => value.toLocaleString("en-US");
  const lines = [
    `${count(events)} events in the store, rebuilt by the ${by === "collector" ? "running collector" : "command"} in ` +
      `${seconds.toFixed(1)} s (${count(eventsPerSecond(report))} events/s, ${count(Math.round(peak / 1e6))} MB at most)`,
  ];
  if (resumed > 0) lines.push(`  ${count(resumed)} of them were there from a replay that was ended before`);
  lines.push(
    `  ${count(duplicates)} duplicates left out, ${count(erased)} lines erased, ${count(damaged)} lines damaged`,
  );
  if (newer > 0)
    lines.push(`  ${count(newer)} lines of a newer version: they stay in the log, for a version that understands them`);
  return lines.join("\n");
}

function eventsPerSecond({ events, resumed, seconds }: Report): number {
  return Math.round((events - resumed) / Math.max(seconds, 0.001));
}

/** What the bar of a replay is told: how much of the log's bytes it is through, and how fast it goes. */
function tellProgress(bar: Progress): (progress: LoadProgress) => void {
  const started = systemClock.monotonicMs();
  return ({ events, bytes, totalBytes }) => {
    const rate = Math.round((events * 1000) / Math.max(systemClock.monotonicMs() - started, 1));
    const detail = `${events.toLocaleString("en-US")} events, ${rate.toLocaleString("en-US")}/s`;
    bar.update(bytes / Math.max(totalBytes, 1), detail);
  };
}

/** A data directory in which all is well, and what may be wrong with one. */
import { chmodSync, chownSync, mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { utcDay } from "../../../src/clock.ts";
import { writeRotatorState } from "../../../src/log/rotate/rotator-state.ts";
import { encodeLines } from "../../../src/log/write/encode-line.ts";
import { eventsOf } from "../../sample-log.ts";
import type { Deployment, Fault } from "../good-deployment.ts";

const DAY_MS = 86_400_000;
const FOLDER = "store-of-data";

/** Path of the data directory of a deployment. */
export function dataDirOf(dir: string): string {
  return join(dir, FOLDER);
}

/** Makes one with a file of yesterday, one that is being written, and the record of a rotator that ran a minute ago. */
export function makeDataDir(dir: string): void {
  const path = dataDirOf(dir);
  mkdirSync(path, { mode: 0o700 });
  writeLog(path, `metrics-${dayBefore(1)}.1.jsonl`, 1);
  writeLog(path, "metrics.jsonl", 0);
  writeRotator(path, {});
}

function dayBefore(days: number): string {
  return utcDay(Date.now() - days * DAY_MS);
}

function writeLog(path: string, name: string, daysAgo: number): void {
  const [event] = eventsOf(`${dayBefore(daysAgo)}T00:00:01 ada page_view /`);
  if (event === undefined) throw new Error("no event");
  const lines = encodeLines([event], { writer: "w1", start: "start-1", seq: 0 });
  writeFileSync(join(path, name), lines, { mode: 0o600 });
  const written = Date.now() / 1_000 - daysAgo * 86_400;
  utimesSync(join(path, name), written, written);
}

function writeRotator(path: string, change: { ageMs?: number; days?: number; errors?: readonly string[] }): void {
  const last = new Date(Date.now() - (change.ageMs ?? 60_000)).toISOString();
  const flags = {
    interval_seconds: 300,
    gzip_after_days: 3,
    delete_after_days: change.days ?? 30,
    max_mb: 64,
    compress: "gzip",
  } as const;
  writeRotatorState(path, {
    ...{ last_run: last, last_success: last, pid: 1, flags },
    counts: { sealed: 0, measured: 0, deleted: 0, settled: 0, compressed: 0 },
    bytes: { before: 0, after: 0 },
    ...{ errors: change.errors ?? [], warnings: [] },
  });
}

type DataFault = Omit<Fault, "breakIt"> & { readonly breakIt: (path: string, deployment: Deployment) => void };

const DATA_FAULTS: readonly DataFault[] = [
  {
    name: "no rotator ever ran",
    breakIt: (path) => rmSync(join(path, "rotator.json")),
    finds: "rotation.last-success",
    names: /rotator\.json \(none\)/,
  },
  {
    name: "the rotator has not run for an hour",
    breakIt: (path) => writeRotator(path, { ageMs: 3_600_000, errors: ["the disk is full"] }),
    finds: "rotation.last-success",
    names: /300 s.*the disk is full/,
  },
  {
    name: "the rotator that runs deletes later than is set",
    breakIt: (path) => writeRotator(path, { days: 90 }),
    finds: "rotation.flags-in-force",
    names: /90 .*METRICS_RETENTION_DAYS 30/,
  },
  {
    name: "a file is older than the retention",
    breakIt: (path) => writeLog(path, `metrics-${dayBefore(45)}.1.jsonl`, 45),
    finds: "rotation.oldest-file",
    names: new RegExp(`metrics-${dayBefore(45)}`),
  },
  {
    name: "the file that is being written begins before the retention",
    breakIt: (path) => writeLog(path, "metrics.jsonl", 45),
    finds: "rotation.oldest-event",
    names: new RegExp(`${dayBefore(45)}T00:00:01`),
  },
  {
    name: "others can read the keys",
    breakIt: (path) => writeFileSync(join(path, "keys.json"), "{}", { mode: 0o644 }),
    finds: "security.data-modes",
    names: /0644 .*keys\.json/,
  },
  {
    name: "others can look into the folder",
    breakIt: (path) => chmodSync(path, 0o755),
    finds: "security.data-modes",
    names: /0755/,
  },
  {
    name: "a line was torn by a crash",
    breakIt: (path) =>
      writeFileSync(join(path, `metrics-torn-${dayBefore(1)}-w1-10-abcdef.jsonl`), "{", { mode: 0o600 }),
    finds: "rotation.nothing-left-over",
    names: /metrics-torn/,
  },
  {
    name: "a file has a name like the log's",
    breakIt: (path) => writeFileSync(join(path, "metrics-old.jsonl"), "", { mode: 0o600 }),
    finds: "rotation.nothing-left-over",
    names: /metrics-old\.jsonl is no name of the log/,
  },
  {
    name: "the disk has less room than is asked for",
    breakIt: (_path, { patch }) => {
      // Lower than any disk is used: the real one cannot be filled for a test.
      patch(
        "deploy/docker-compose.full.yml",
        "METRICS_LOG_LEVEL: $",
        "METRICS_DISK_WARN_PERCENT: 1\n      METRICS_DISK_CRITICAL_PERCENT: 100\n      METRICS_LOG_LEVEL: $",
      );
    },
    finds: "health.disk-space",
    names: /warns at 1 %/,
  },
];

/** Only root can give a file away. */
const FOREIGN_FAULT: DataFault = {
  name: "a file belongs to another user",
  breakIt: (path) => {
    writeFileSync(join(path, "keys.json"), "{}", { mode: 0o600 });
    chownSync(join(path, "keys.json"), 4711, 4711);
  },
  finds: "security.data-owner",
  names: /uid 4711/,
};

const ALL: readonly DataFault[] = process.getuid?.() === 0 ? [...DATA_FAULTS, FOREIGN_FAULT] : DATA_FAULTS;

export const DATA_DIR_FAULTS: readonly Fault[] = ALL.map(({ breakIt, ...rest }) => ({
  ...rest,
  breakIt: (deployment) => breakIt(dataDirOf(deployment.dir), deployment),
}));

/**
 * Deletes stores that were set aside, by the time in their names, and what an abandoned replay or erasure built; it needs no
 * DuckDB, so it goes on where the store is off.
 */
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { utcDay } from "../clock.ts";

const SET_ASIDE = /^store-set-aside-(\d{4}-\d{2}-\d{2})T[\dZ-]+\.duckdb(?:\.wal)?$/;

const REPLAY = /^store-(?:replay|renewed)\.duckdb(?:\.wal)?$/;
/** A replay that is at work writes every few seconds. */
const REPLAY_IDLE_MS = 3_600_000;

/**
 * Deletes the stores that were set aside before the UTC day of `nowMs`, or that nobody has built on since before it; returns how many files that were. A store holds events as old as
 * the limit on the day it is set aside, so the day after some of them are too old.
 */
export function deleteSetAside(dataDir: string, nowMs: number): number {
  const today = utcDay(nowMs);
  const files = readdirSync(dataDir, { withFileTypes: true }).filter((entry) => entry.isFile());
  const old = files.filter(
    ({ name }) => (SET_ASIDE.exec(name)?.[1] ?? today) < today || isAbandoned(dataDir, name, nowMs),
  );
  for (const { name } of old) rmSync(join(dataDir, name), { force: true });
  return old.length;
}

function isAbandoned(dataDir: string, name: string, nowMs: number): boolean {
  if (!REPLAY.test(name)) return false;
  const { mtimeMs = nowMs } = statSync(join(dataDir, name), { throwIfNoEntry: false }) ?? {};
  return utcDay(mtimeMs) < utcDay(nowMs) && nowMs - mtimeMs > REPLAY_IDLE_MS;
}

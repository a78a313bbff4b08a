/** Deletes stores that were set aside, by the time in their names; it needs no DuckDB, so it goes on where the store is off. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const SET_ASIDE = /^store-set-aside-(\d{4}-\d{2}-\d{2})T[\dZ-]+\.duckdb(?:\.wal)?$/;

/**
 * Deletes the stores that were set aside before a UTC day; returns how many files that were. A store holds events as old as
 * the limit on the day it is set aside, so the day after some of them are too old.
 */
export function deleteSetAside(dataDir: string, before: string): number {
  const files = readdirSync(dataDir, { withFileTypes: true }).filter((entry) => entry.isFile());
  const old = files.filter(({ name }) => (SET_ASIDE.exec(name)?.[1] ?? before) < before);
  for (const { name } of old) rmSync(join(dataDir, name), { force: true });
  return old.length;
}

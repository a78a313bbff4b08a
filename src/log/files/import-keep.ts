/** How long the shards of imports are to be kept, from the records that imports write beside them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { utcDay } from "../../clock.ts";
import { describeError } from "../../errors.ts";
import { isDatasetName } from "./log-files.ts";
import { isExpired } from "./retention-days.ts";

/** Since when a shard is there, and for how many days from then on; null for ever. */
export type ImportKeep = { readonly importedMs: number; readonly keepDays: number | null };

export type ImportKeeps = {
  /** By the name that the shard was sealed under. A shard that is in no record is kept. */
  readonly byShard: ReadonlyMap<string, ImportKeep>;
  /** A line for each record that cannot be read; the shards that it is of are kept. */
  readonly warnings: readonly string[];
};

const RECORD = /^metrics-import-(.+)\.json$/;

/** Reads the records of all datasets of a data directory. Throws the system's error when the folder cannot be read. */
export function readImportKeeps(dataDir: string): ImportKeeps {
  const byShard = new Map<string, ImportKeep>();
  const warnings: string[] = [];
  for (const name of readdirSync(dataDir)) {
    if (!isDatasetName(RECORD.exec(name)?.[1] ?? "")) continue;
    try {
      for (const [shard, keep] of parseRecord(readFileSync(join(dataDir, name), "utf8"))) byShard.set(shard, keep);
    } catch (error) {
      warnings.push(`${name} cannot be read, and the events of the dataset are kept: ${describeError(error)}`);
    }
  }
  return { byShard, warnings };
}

/** Says whether the time of an import's shard is over. */
export function isImportExpired(shard: string, keeps: ImportKeeps, nowMs: number): boolean {
  return isImportOver(keeps.byShard.get(shard), nowMs);
}

/** Says whether a keep is over, by whole UTC days from that of the import on; never where none is known. */
export function isImportOver(keep: ImportKeep | undefined, nowMs: number): boolean {
  if (keep === undefined || keep.keepDays === null) return false;
  return isExpired(utcDay(keep.importedMs), keep.keepDays, nowMs);
}

function parseRecord(text: string): readonly (readonly [string, ImportKeep])[] {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || !("keepDays" in value) || !("imports" in value)) throw noRecord();
  const { keepDays, imports } = value;
  const isKeep = keepDays === null || (typeof keepDays === "number" && keepDays > 0);
  if (!isKeep || !Array.isArray(imports)) throw noRecord();
  return imports.flatMap((item: unknown) => {
    if (typeof item !== "object" || item === null || !("shard" in item) || !("importedAt" in item)) return [];
    const importedMs = Date.parse(String(item.importedAt));
    return Number.isNaN(importedMs) ? [] : [[String(item.shard), { importedMs, keepDays }] as const];
  });
}

function noRecord(): Error {
  return new Error("it is no record of a dataset");
}

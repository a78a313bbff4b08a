/** When the shards of imports came and how long they are to be kept, from the records that imports write. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describeError } from "../../errors.ts";
import { isDatasetName } from "../files/log-files.ts";
import { statFile } from "./find-files.ts";

/** `keepDays` is null for ever. */
export type ImportRecord = { readonly importedMs: number; readonly keepDays: number | null };

export type ImportRecords = {
  /** By the name that the shard was sealed under. */
  readonly byShard: ReadonlyMap<string, ImportRecord>;
  /** A line for each record that cannot be read; what it is of is kept. */
  readonly warnings: readonly string[];
};

const RECORD = /^metrics-import-(.+)\.json$/;

/** Reads the records of all datasets of a data directory. */
export function readImportRecords(dataDir: string): ImportRecords {
  const byShard = new Map<string, ImportRecord>();
  const warnings: string[] = [];
  for (const name of readdirSync(dataDir)) {
    if (!isDatasetName(RECORD.exec(name)?.[1] ?? "") || statFile(join(dataDir, name)) === undefined) continue;
    try {
      for (const [shard, record] of parseRecords(readFileSync(join(dataDir, name), "utf8"))) byShard.set(shard, record);
    } catch (error) {
      warnings.push(`${name} cannot be read, and the shards of the dataset are kept: ${describeError(error)}`);
    }
  }
  return { byShard, warnings };
}

function parseRecords(text: string): readonly (readonly [string, ImportRecord])[] {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || !("keepDays" in value) || !("imports" in value)) {
    throw new Error("it is no record of a dataset");
  }
  const { keepDays, imports } = value;
  if ((keepDays !== null && !isDays(keepDays)) || !Array.isArray(imports)) {
    throw new Error("it is no record of a dataset");
  }
  return imports.flatMap((item: unknown) => {
    if (typeof item !== "object" || item === null || !("shard" in item) || !("importedAt" in item)) return [];
    const importedMs = Date.parse(String(item.importedAt));
    return Number.isNaN(importedMs) ? [] : [[String(item.shard), { importedMs, keepDays }] as const];
  });
}

function isDays(value: unknown): value is number {
  return typeof value === "number" && value > 0;
}

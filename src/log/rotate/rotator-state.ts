/** `rotator.json`: what the rotator last did and by which flags, for health, alerts and people; nothing is decided by it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../../replace-file.ts";

/** Name of the file in the data directory. */
export const ROTATOR_FILE = "rotator.json";

/** The flags in force, as they are named in the file. */
export type RotatorFlags = {
  /** Null for a single run: then none is late. */
  readonly interval_seconds: number | null;
  readonly gzip_after_days: number;
  readonly delete_after_days: number;
  readonly max_mb: number;
  readonly compress: "gzip" | "zstd";
};

export type RotatorCounts = {
  readonly sealed: number;
  readonly measured: number;
  /** Shards and quarantine files. */
  readonly deleted: number;
  /** Shards that had two forms, of which one is left. */
  readonly settled: number;
  readonly compressed: number;
};

export type RotatorState = {
  /** End of the last run, ISO 8601, UTC. */
  readonly last_run: string;
  /** End of the last run in which nothing failed; null where there was none. */
  readonly last_success: string | null;
  readonly pid: number;
  readonly flags: RotatorFlags;
  readonly counts: RotatorCounts;
  /** Bytes of all sealed shards before and after the run. */
  readonly bytes: { readonly before: number; readonly after: number };
  /** What failed, and what somebody should know, one line each, at most 20. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
};

/** What is read back: when the rotator last succeeded and how often it is to run. */
export type RotatorHeartbeat = {
  /** Milliseconds since 1970; null where no run has succeeded. */
  readonly lastSuccessMs: number | null;
  readonly lastRunMs: number;
  readonly intervalSeconds: number | null;
};

/** Replaces the file. Throws the system's error. */
export function writeRotatorState(dataDir: string, state: RotatorState): void {
  replaceFile(join(dataDir, ROTATOR_FILE), `${JSON.stringify({ v: 1, ...state }, null, 1)}\n`);
}

/** Reads the file; undefined where there is none or it cannot be understood. */
export function readRotatorState(dataDir: string): RotatorHeartbeat | undefined {
  try {
    return parseState(JSON.parse(readFileSync(join(dataDir, ROTATOR_FILE), "utf8")));
  } catch {
    return undefined;
  }
}

function parseState(value: unknown): RotatorHeartbeat | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (!("last_run" in value) || !("last_success" in value) || !("flags" in value)) return undefined;
  const { last_run, last_success, flags } = value;
  if (typeof flags !== "object" || flags === null || !("interval_seconds" in flags)) return undefined;
  const lastRunMs = Date.parse(String(last_run));
  const lastSuccessMs = last_success === null ? null : Date.parse(String(last_success));
  if (Number.isNaN(lastRunMs) || Number.isNaN(lastSuccessMs)) return undefined;
  const { interval_seconds: interval } = flags;
  return { lastSuccessMs, lastRunMs, intervalSeconds: typeof interval === "number" ? interval : null };
}

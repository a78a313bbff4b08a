/**
 * `repairs.jsonl`: what repairs have changed in the log, one dated line each, kept for ever; it holds nothing of a visitor. It
 * says which numbers are known to be missing, and what a shard was rewritten to before it was replaced, so that a
 * repair that was killed is told from damage.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../../errors.ts";
import { replaceFile } from "../../replace-file.ts";
import type { ShardFacts } from "../files/manifest.ts";
import type { SeqRange } from "./findings.ts";

/** Name of the file in the data directory. */
export const REPAIRS_FILE = "repairs.jsonl";

/** One repair: a shard and what it is from then on, or numbers that are accounted for. */
export type Repair = {
  /** When, in ISO 8601. */
  readonly at: string;
  readonly shard?: string;
  readonly facts?: ShardFacts;
  /** Names of the files that hold what was moved aside. */
  readonly aside?: readonly string[];
  /** Numbers that are missing, or there twice, and are known to be. */
  readonly known?: readonly SeqRange[];
};

/** All repairs, for who wants to know about a shard or a number. */
export type Repairs = {
  readonly known: readonly SeqRange[];
  /** What each shard was last rewritten to. */
  readonly written: ReadonlyMap<string, ShardFacts>;
};

/** Reads the repairs; none where there is no file. A line that cannot be understood is passed over. */
export function readRepairs(dataDir: string): Repairs {
  const repairs = readText(dataDir).split("\n").map(parseRepair);
  const written = repairs.flatMap(({ shard, facts }) => (shard && facts ? [[shard, facts] as const] : []));
  return { known: repairs.flatMap(({ known }) => known ?? []), written: new Map(written) };
}

/** Adds a repair, on disk when this returns. For who has claimed the shards. Throws the system's error. */
export function addRepair(dataDir: string, repair: Repair): void {
  replaceFile(join(dataDir, REPAIRS_FILE), `${readText(dataDir)}${JSON.stringify({ v: 1, ...repair })}\n`);
}

function readText(dataDir: string): string {
  try {
    return readFileSync(join(dataDir, REPAIRS_FILE), "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return "";
    throw error;
  }
}

type Parsed = { readonly shard?: string; readonly facts?: ShardFacts; readonly known?: readonly SeqRange[] };

function parseRepair(line: string): Parsed {
  try {
    const value: unknown = JSON.parse(line);
    if (!isRecord(value)) return {};
    const { shard, facts, known } = value;
    return {
      ...(typeof shard === "string" && isFacts(facts) && { shard, facts }),
      ...(Array.isArray(known) && { known: known.filter(isSeqRange) }),
    };
  } catch {
    return {};
  }
}

function isFacts(value: unknown): value is ShardFacts {
  if (!isRecord(value)) return false;
  const { sha256, bytes, lines, first, generation } = value;
  const isFirst = first === null || typeof first === "string";
  return typeof sha256 === "string" && isFirst && [bytes, lines, generation].every(Number.isSafeInteger);
}

function isSeqRange(value: unknown): value is SeqRange {
  if (!isRecord(value)) return false;
  const { writer, start, from, to } = value;
  return typeof writer === "string" && typeof start === "string" && [from, to].every(Number.isSafeInteger);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

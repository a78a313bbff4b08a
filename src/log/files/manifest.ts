/**
 * `manifest.json`: what each sealed shard holds, by the name it was sealed under, so that damage shows and a shard that was
 * rewritten is known to be another one. Written only by who has claimed the shards (ownership.ts), as a whole; a shard
 * that was sealed since is not in it yet.
 */
import { join } from "node:path";
import { PasserbyError } from "../../errors.ts";
import { replaceFile } from "../../replace-file.ts";
import { parseLogFileName, seriesOf } from "./log-files.ts";
import { readIfThere } from "./read-if-there.ts";

/** Name of the manifest in the data directory. */
export const MANIFEST_FILE = "manifest.json";

/** A shard's content: of its lines as they were written, whatever form it is stored in. */
export type ShardFacts = {
  /** SHA-256 of the lines, in hex. */
  readonly sha256: string;
  readonly bytes: number;
  readonly lines: number;
  /** `writer/start/seq` of the first line that is an event or was one, of whatever version; null where there is none. */
  readonly first: string | null;
  /** 0 as sealed; rises by 1 whenever the shard is rewritten (an erasure). */
  readonly generation: number;
};

export type Manifest = {
  readonly shards: ReadonlyMap<string, ShardFacts>;
  /** The highest number of each series (`seriesOf`) of which a shard was deleted: no name is used twice. */
  readonly lastNumbers: ReadonlyMap<string, number>;
};

/** Reads the manifest; an empty one where there is none. Throws `log_damaged` for one that cannot be understood. */
export function readManifest(dataDir: string): Manifest {
  const path = join(dataDir, MANIFEST_FILE);
  const text = readIfThere(path);
  if (text === undefined) return { shards: new Map(), lastNumbers: new Map() };
  const value = parse(text);
  if (!isRecord(value) || !isRecord(value["shards"]) || !isRecord(value["last_numbers"])) throw damaged(path);
  const shards = Object.entries(value["shards"]).map(([name, facts]) => [name, readFacts(facts, path)] as const);
  const numbers = Object.entries(value["last_numbers"]).map(([series, number]) => [series, Number(number)] as const);
  return { shards: new Map(shards), lastNumbers: new Map(numbers) };
}

/** Replaces the manifest. For who has claimed the shards. Throws the system's error. */
export function writeManifest(dataDir: string, { shards, lastNumbers }: Manifest): void {
  const value = { v: 1, shards: Object.fromEntries(shards), last_numbers: Object.fromEntries(lastNumbers) };
  replaceFile(join(dataDir, MANIFEST_FILE), `${JSON.stringify(value, null, 1)}\n`);
}

/** Returns the highest number of a series (`seriesOf`) that the manifest has met, of shards deleted or not; 0 for none. */
export function lastNumberOf({ shards, lastNumbers }: Manifest, series: string): number {
  const numbers = [...shards.keys()].map((shard) => {
    const name = parseLogFileName(shard);
    return name !== undefined && name.kind !== "active" && seriesOf(name) === series ? name.number : 0;
  });
  return numbers.reduce((most, number) => Math.max(most, number), lastNumbers.get(series) ?? 0);
}

/** Returns the manifest with the facts of a shard. */
export function withShard(manifest: Manifest, shard: string, facts: ShardFacts): Manifest {
  return { ...manifest, shards: new Map([...manifest.shards, [shard, facts]]) };
}

/** Returns the manifest without a shard that is deleted, whose number stays taken. */
export function withoutShard(manifest: Manifest, shard: string): Manifest {
  const shards = new Map(manifest.shards);
  shards.delete(shard);
  const name = parseLogFileName(shard);
  if (name === undefined || name.kind === "active") return { ...manifest, shards };
  const series = seriesOf(name);
  const last = Math.max(name.number, manifest.lastNumbers.get(series) ?? 0);
  return { shards, lastNumbers: new Map([...manifest.lastNumbers, [series, last]]) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readFacts(value: unknown, path: string): ShardFacts {
  if (!isRecord(value)) throw damaged(path);
  const { sha256, bytes, lines, first, generation } = value;
  const isWhole = typeof sha256 === "string" && [bytes, lines, generation].every(Number.isSafeInteger);
  if (!isWhole || (typeof first !== "string" && first !== null)) throw damaged(path);
  return { sha256, bytes: Number(bytes), lines: Number(lines), first, generation: Number(generation) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function damaged(path: string): PasserbyError {
  const message = `${path} is not a manifest of ours: move it away, and passerby rotate --once makes a new one`;
  return new PasserbyError("log_damaged", message);
}

/** The names of the log's files: one place that makes, reads and orders them; every other name is foreign and ignored. */
import type { Dirent } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../../errors.ts";

type Common = { readonly name: string; readonly path: string; readonly bytes: number; readonly inode: number };
type ActiveName = { readonly kind: "active"; readonly writer: number };
type SealedName = { readonly kind: "sealed"; readonly writer: number; readonly day: string; readonly number: number };
type ImportName = { readonly kind: "import"; readonly dataset: string; readonly number: number };
type LogFileName = ActiveName | SealedName | ImportName;

/**
 * A file of the log. `writer` is the number behind `w1`, `w2`, …; `day` the UTC day in a shard's name; `number` counts
 * the shards of a day or dataset, from 1 (0 for the name without a number).
 */
export type LogFile = Common & LogFileName;

const ACTIVE = /^metrics(?:\.w([1-9]\d{0,3}))?\.jsonl$/;
const SEALED = /^metrics-(\d{4}-\d{2}-\d{2})(?:\.w([1-9]\d{0,3}))?(?:\.(\d{1,9}))?\.jsonl$/;
const IMPORT = /^metrics-import-([a-z0-9-]{1,40})-(\d{1,9})\.jsonl$/;
const DATASET = /^[a-z0-9-]{1,40}$/;
/** A shard's number is taken for as long as any form of the shard is there, compressed or not. */
const COMPRESSED = /\.(?:gz|zst)$/;

/** Returns the name of the file that a writer (1, 2, …) appends to. */
export function activeName(writer: number): string {
  return writer === 1 ? "metrics.jsonl" : `metrics.w${writer}.jsonl`;
}

/** Returns the name of a sealed shard. */
export function sealedName(shard: Omit<SealedName, "kind">): string {
  const part = shard.writer === 1 ? "" : `.w${shard.writer}`;
  return `metrics-${shard.day}${part}.${shard.number}.jsonl`;
}

/** Returns the name of a shard of an import. */
export function importName(dataset: string, number: number): string {
  return `metrics-import-${dataset}-${number}.jsonl`;
}

/** Says whether a dataset may be called so: 1 to 40 of a to z, 0 to 9 and `-`. */
export function isDatasetName(name: string): boolean {
  return DATASET.test(name);
}

/** Reads a file's name; undefined for one that is not of the log. */
export function parseLogFileName(name: string): LogFileName | undefined {
  const active = ACTIVE.exec(name);
  if (active) return { kind: "active", writer: Number(active[1] ?? 1) };
  const [, day, writer, number] = SEALED.exec(name) ?? [];
  if (day) return { kind: "sealed", writer: Number(writer ?? 1), day, number: Number(number ?? 0) };
  const [, dataset, part] = IMPORT.exec(name) ?? [];
  return dataset ? { kind: "import", dataset, number: Number(part) } : undefined;
}

/** Returns the first number that no shard of the same day and writer, or dataset, has among the names of a folder. */
export function nextShardNumber(names: readonly string[], like: SealedName | ImportName): number {
  const series = seriesOf(like);
  const numbers = names.map((name) => {
    const shard = parseLogFileName(name.replace(COMPRESSED, ""));
    return shard && shard.kind !== "active" && seriesOf(shard) === series ? shard.number : 0;
  });
  return numbers.reduce((most, number) => Math.max(most, number), 0) + 1;
}

function seriesOf(shard: SealedName | ImportName): string {
  return shard.kind === "sealed" ? sealedName({ ...shard, number: 0 }) : importName(shard.dataset, 0);
}

/**
 * Lists the files of the log, oldest first: imports, then sealed shards by day and number, then what is being written.
 * Symbolic links, folders and foreign or temporary names are left out; of two names of one file (a seal in progress)
 * only the sealed one is listed. An empty list for a folder that does not exist.
 */
export async function listLogFiles(dataDir: string): Promise<readonly LogFile[]> {
  const entries = await readFolder(dataDir);
  const found = await Promise.all(
    entries.filter((entry) => entry.isFile()).map((entry) => describeFile(dataDir, entry.name)),
  );
  const files = found.filter((file) => file !== undefined);
  const sealed = new Set(files.filter((file) => file.kind !== "active").map((file) => file.inode));
  return files.filter((file) => file.kind !== "active" || !sealed.has(file.inode)).sort(compareAge);
}

async function readFolder(path: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}

async function describeFile(dataDir: string, name: string): Promise<LogFile | undefined> {
  const parsed = parseLogFileName(name);
  if (!parsed) return undefined;
  const path = join(dataDir, name);
  try {
    const { size, ino } = await lstat(path);
    return { ...parsed, name, path, bytes: size, inode: ino };
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined; // Sealed or deleted since the folder was read.
    throw error;
  }
}

const KIND_ORDER = { import: 0, sealed: 1, active: 2 } as const;

function compareAge(a: LogFile, b: LogFile): number {
  if (a.kind === "sealed" && b.kind === "sealed") {
    return compareText(a.day, b.day) || a.writer - b.writer || a.number - b.number;
  }
  if (a.kind === "import" && b.kind === "import") return compareText(a.dataset, b.dataset) || a.number - b.number;
  if (a.kind === "active" && b.kind === "active") return a.writer - b.writer;
  return KIND_ORDER[a.kind] - KIND_ORDER[b.kind];
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The names of the log's files: one place that makes, reads and orders them; every other name is foreign and ignored. */
import type { Dirent } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../../errors.ts";

/** How a sealed shard is stored: as it was written, or compressed. */
export type Compression = "none" | "gzip" | "zstd";

type Common = {
  readonly name: string;
  /** Name without the ending that says how it is compressed: what it was sealed as. */
  readonly shard: string;
  readonly compression: Compression;
  readonly path: string;
  /** Bytes on disk. */
  readonly bytes: number;
  readonly inode: number;
};
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
const ENDINGS = { none: "", gzip: ".gz", zstd: ".zst" } as const;
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

/** Returns the name of a shard in a form: `metrics-2026-11-24.1.jsonl` is `metrics-2026-11-24.1.jsonl.gz` in gzip. */
export function compressedName(shard: string, compression: Compression): string {
  return `${shard}${ENDINGS[compression]}`;
}

/** Says how a file is compressed, by the ending of its name or path. */
export function compressionOf(name: string): Compression {
  return name.endsWith(ENDINGS.gzip) ? "gzip" : name.endsWith(ENDINGS.zstd) ? "zstd" : "none";
}

/** Returns the name that a file was sealed under: its name without the ending of a compressed one. */
export function shardOf(name: string): string {
  return name.replace(COMPRESSED, "");
}

/** Says whether a dataset may be called so: 1 to 40 of a to z, 0 to 9 and `-`. */
export function isDatasetName(name: string): boolean {
  return DATASET.test(name);
}

/** Reads a file's name, compressed or not; undefined for one that is not of the log. */
export function parseLogFileName(file: string): LogFileName | undefined {
  const active = ACTIVE.exec(file);
  if (active) return { kind: "active", writer: Number(active[1] ?? 1) };
  const name = shardOf(file);
  const [, day, writer, number] = SEALED.exec(name) ?? [];
  if (day) return { kind: "sealed", writer: Number(writer ?? 1), day, number: Number(number ?? 0) };
  const [, dataset, part] = IMPORT.exec(name) ?? [];
  return dataset ? { kind: "import", dataset, number: Number(part) } : undefined;
}

/** Returns the first number that no shard of the same day and writer, or dataset, has among the names of a folder. */
export function nextShardNumber(names: readonly string[], like: SealedName | ImportName): number {
  const series = seriesOf(like);
  const numbers = names.map((name) => {
    const shard = parseLogFileName(name);
    return shard && shard.kind !== "active" && seriesOf(shard) === series ? shard.number : 0;
  });
  return numbers.reduce((most, number) => Math.max(most, number), 0) + 1;
}

/** Returns what the shards of one day and writer, or of one dataset, have in common: the name of number 0. */
export function seriesOf(shard: SealedName | ImportName): string {
  return shard.kind === "sealed" ? sealedName({ ...shard, number: 0 }) : importName(shard.dataset, 0);
}

/**
 * Lists the files of the log, oldest first: imports, then sealed shards by day and number, then what is being written.
 * Symbolic links, folders and foreign or temporary names are left out; of two names of one file (a seal in progress)
 * only the sealed one is listed, and of a shard in two forms (its compression in progress) only the plain one. A file that is
 * sealed meanwhile is in the list under one of its names. An empty list for a folder that does not exist.
 */
export async function listLogFiles(dataDir: string): Promise<readonly LogFile[]> {
  const files = await describeFolder(dataDir);
  const sealed = new Set(files.filter((file) => file.kind !== "active").map((file) => file.inode));
  const plain = new Set(files.filter(({ compression }) => compression === "none").map(({ shard }) => shard));
  const gzipped = new Set(files.filter(({ compression }) => compression === "gzip").map(({ shard }) => shard));
  const isLeftOut = (file: LogFile): boolean =>
    (file.kind === "active" && sealed.has(file.inode)) ||
    (file.compression !== "none" && plain.has(file.shard)) ||
    (file.compression === "zstd" && gzipped.has(file.shard));
  return files.filter((file) => !isLeftOut(file)).sort(compareAge);
}

/** A folder that changes between any two looks is not waited for any longer: no writer seals at such a rate. */
const MAX_LOOKS = 10;

/** A file that changes its name between two looks may be seen under neither: both have to show the same names. */
async function describeFolder(dataDir: string): Promise<readonly LogFile[]> {
  let entries = await readFolder(dataDir);
  for (let look = 1; ; look++) {
    const found = await Promise.all(
      entries.filter((entry) => entry.isFile()).map((entry) => describeFile(dataDir, entry.name)),
    );
    const after = await readFolder(dataDir);
    if (look === MAX_LOOKS || namesOf(after) === namesOf(entries)) return found.filter((file) => file !== undefined);
    entries = after;
  }
}

function namesOf(entries: readonly Dirent[]): string {
  const names = entries.map(({ name }) => name).filter((name) => parseLogFileName(name) !== undefined);
  return names.sort().join("\n");
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
    return {
      ...parsed,
      name,
      shard: shardOf(name),
      compression: compressionOf(name),
      path,
      bytes: size,
      inode: ino,
    };
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined; // Sealed or deleted since the folder was read.
    throw error;
  }
}

const KIND_ORDER = { import: 0, sealed: 1, active: 2 } as const;

/** Compares two files of the log: the older one comes first, in the order of `listLogFiles`. */
export function compareAge(a: LogFile, b: LogFile): number {
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

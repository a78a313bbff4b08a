/**
 * What the rotator may work on, as it lies in the data directory: every form of every shard, quarantine, and the files that
 * are being written. Links, folders, foreign names and shards of which the seal is not complete are not in it.
 */
import { lstatSync, readdirSync, type Stats } from "node:fs";
import { join } from "node:path";
import { utcDay } from "../../clock.ts";
import { type Compression, compressionOf, parseLogFileName, shardOf } from "../files/log-files.ts";

/** One form of a shard: plain, or compressed one way or the other. */
export type FoundForm = { readonly name: string; readonly compression: Compression; readonly bytes: number };

export type FoundShard = {
  /** The name that it was sealed under. */
  readonly shard: string;
  /** UTC day in its name; undefined for a shard of an import. */
  readonly day: string | undefined;
  /** At least one, the form that readers take first. */
  readonly forms: readonly FoundForm[];
};

export type FoundFiles = {
  /** By name. */
  readonly shards: readonly FoundShard[];
  /** Torn lines that were moved aside, by the day in their names. */
  readonly torn: readonly { readonly name: string; readonly day: string; readonly bytes: number }[];
  readonly active: readonly { readonly name: string; readonly writer: number; readonly bytes: number }[];
  /** Names that look like a shard's but name a day that does not exist; they stay as they are. */
  readonly strange: readonly string[];
};

const TORN = /^metrics-torn-(\d{4}-\d{2}-\d{2})-.+\.jsonl$/;
const READERS_ORDER: readonly Compression[] = ["none", "gzip", "zstd"];

/** Looks once. Throws the system's error when the folder cannot be read. */
export function findFiles(dataDir: string): FoundFiles {
  const entries = readdirSync(dataDir, { withFileTypes: true }).filter((entry) => entry.isFile());
  const files = entries.flatMap(({ name }) => {
    const stats = statFile(join(dataDir, name));
    return stats === undefined ? [] : [{ name, bytes: stats.size, inode: stats.ino, parsed: parseLogFileName(name) }];
  });
  const active = files.flatMap(({ name, bytes, inode, parsed }) =>
    parsed?.kind === "active" ? [{ name, bytes, inode, writer: parsed.writer }] : [],
  );
  // Under two names while it is being sealed: without the new one it would be sealed again, and read twice.
  const unfinished = new Set(active.map(({ inode }) => inode));
  const forms = files.flatMap(({ name, bytes, inode, parsed }) => {
    if (parsed === undefined || parsed.kind === "active" || unfinished.has(inode)) return [];
    const day = parsed.kind === "sealed" ? parsed.day : undefined;
    return [{ name, bytes, day, shard: shardOf(name), compression: compressionOf(name) }];
  });
  const torn = files.flatMap(({ name, bytes }) => {
    const day = TORN.exec(name)?.[1];
    return day === undefined ? [] : [{ name, bytes, day }];
  });
  const isReal = ({ day }: { readonly day: string | undefined }): boolean => day === undefined || isRealDay(day);
  return {
    shards: groupForms(forms.filter(isReal)),
    torn: torn.filter(isReal),
    active: active.map(({ name, writer, bytes }) => ({ name, writer, bytes })),
    strange: [...forms, ...torn].filter((file) => !isReal(file)).map(({ name }) => name),
  };
}

/** Returns what a name stands for where it is a plain file; undefined for a link, a folder, or nothing. */
export function statFile(path: string): Stats | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? stats : undefined;
}

function groupForms(
  forms: readonly (FoundForm & { readonly shard: string; readonly day: string | undefined })[],
): readonly FoundShard[] {
  const groups = [...Map.groupBy(forms, ({ shard }) => shard)];
  return groups
    .map(([shard, ofShard]) => ({
      shard,
      day: ofShard[0]?.day,
      forms: READERS_ORDER.flatMap((form) => ofShard.filter(({ compression }) => compression === form)).map(
        ({ name, compression, bytes }) => ({ name, compression, bytes }),
      ),
    }))
    .sort((a, b) => (a.shard < b.shard ? -1 : 1));
}

/** `2026-02-30` is none, though Date takes it. */
function isRealDay(day: string): boolean {
  const time = Date.parse(day);
  return !Number.isNaN(time) && utcDay(time) === day;
}

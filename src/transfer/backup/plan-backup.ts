/** Decides, without touching a file, what a backup keeps of the one before, what it copies, and what it must let go of. */
import type { LogFile } from "../../log/files/log-files.ts";
import { parseLogFileName, seriesOf } from "../../log/files/log-files.ts";
import type { Manifest, ShardFacts } from "../../log/files/manifest.ts";
import type { BackupRecord, ShardCopy } from "./backup-record.ts";

/** A file of the log that is to be copied; `facts` are what it has to hold, where that is known before it is read. */
export type ShardToCopy = { readonly source: LogFile; readonly facts: ShardFacts | undefined };

export type BackupPlan = {
  readonly keep: readonly ShardCopy[];
  readonly copy: readonly ShardToCopy[];
  /** Copies of what the source has deleted. */
  readonly drop: readonly ShardCopy[];
  /** Copies of what the source has lost: it is not there, and nobody has deleted it. They are kept. */
  readonly lost: readonly ShardCopy[];
};

export type PlanInput = {
  readonly sources: readonly LogFile[];
  readonly manifest: Manifest;
  readonly record: BackupRecord | undefined;
  /** Shards of earlier UTC days (`2026-11-24`) are past their retention. */
  readonly keepFromDay: string;
  /** Says whether a copy of the record is in the backup, as long as it should be. */
  readonly isThere: (copy: ShardCopy) => boolean;
};

/** Plans a backup. A shard that the source still holds is copied whatever its age: deleting it is the rotator's. */
export function planBackup(input: PlanInput): BackupPlan {
  const { sources, manifest, record, isThere } = input;
  const keep: ShardCopy[] = [];
  const copy: ShardToCopy[] = [];
  for (const source of sources) {
    const before = record?.shards.get(source.shard);
    const facts = manifest.shards.get(source.shard);
    if (before !== undefined && isSame(source, facts, before) && isThere(before)) keep.push(before);
    else copy.push({ source, facts });
  }
  const present = new Set(sources.map(({ shard }) => shard));
  const gone = [...(record?.shards.values() ?? [])].filter(({ shard }) => !present.has(shard));
  const [drop, lost] = [gone.filter((old) => isDeleted(old, input)), gone.filter((old) => !isDeleted(old, input))];
  return { keep, copy, drop, lost };
}

/** A shard changes only by being rewritten, which its generation in the manifest tells; its form is of no interest. */
function isSame(source: LogFile, facts: ShardFacts | undefined, before: ShardCopy): boolean {
  if (source.kind === "active") return false;
  if (facts !== undefined) return facts.sha256 === before.sha256 && facts.generation === before.generation;
  return source.compression === "none" && before.generation === 0 && source.bytes === before.bytes;
}

function isDeleted({ shard }: ShardCopy, { sources, manifest, keepFromDay }: PlanInput): boolean {
  const name = parseLogFileName(shard);
  if (name === undefined) return true;
  // What was being written has been sealed since, under another name; with no log at all, it was lost.
  if (name.kind === "active") return sources.length > 0;
  if (name.kind === "sealed" && name.day < keepFromDay) return true;
  return name.number <= (manifest.lastNumbers.get(seriesOf(name)) ?? 0);
}

/**
 * What a run of the rotator is to do: a pure function of what lies in the folder, the manifest, the clock and the policy.
 *
 * Ages are counted in UTC days from the day in a file's name. What is of day D is compressed, and deleted, from the
 * midnight on that begins day D + the days of the policy: then its first event is as old as the limit. A shard holds what
 * was received on its day, and perhaps some of the day after, which goes with it: early, never late.
 */
import { utcDay } from "../../clock.ts";
import { type ImportKeep, isImportOver } from "../files/import-keep.ts";
import { parseLogFileName } from "../files/log-files.ts";
import type { Manifest } from "../files/manifest.ts";
import { isExpired } from "../files/retention-days.ts";
import type { FoundFiles, FoundShard } from "./find-files.ts";

export type RotationPolicy = {
  readonly gzipAfterDays: number;
  readonly deleteAfterDays: number;
  /** Bytes past which an active file is to be sealed. */
  readonly maxBytes: number;
  readonly compress: "gzip" | "zstd";
};

type Sized = { readonly bytes: number; readonly why: string };

export type Deletion = Sized & {
  readonly kind: "delete";
  /** Name in the manifest; null for quarantine. */
  readonly shard: string | null;
  /** Every form of it; empty where it has gone already and only the manifest still has it. */
  readonly files: readonly string[];
};
/** Of several forms of a shard, one is to stay. */
export type Settlement = Sized & { readonly kind: "settle"; readonly found: FoundShard };
export type Compressing = Sized & { readonly kind: "compress"; readonly shard: string };
export type Measuring = Sized & { readonly kind: "measure"; readonly shard: string; readonly file: string };

export type RotationPlan = {
  readonly deletions: readonly Deletion[];
  readonly measurements: readonly Measuring[];
  readonly settlements: readonly Settlement[];
  readonly compressions: readonly Compressing[];
  readonly warnings: readonly string[];
};

export type PlanFacts = {
  readonly found: Pick<FoundFiles, "shards" | "torn" | "strange">;
  readonly manifest: Manifest;
  readonly imports: ReadonlyMap<string, ImportKeep>;
  readonly nowMs: number;
  readonly policy: RotationPolicy;
};

const DAY_MS = 86_400_000;

/** Plans a run. */
export function planRotation(facts: PlanFacts): RotationPlan {
  const { found, manifest, policy } = facts;
  const lateClock = warnOfClock(facts);
  const strange = found.strange.map((name) => `${name} names a day that does not exist: it stays as it is`);
  const deletions = lateClock === undefined ? listDeletions(facts) : [];
  const gone = new Set(deletions.map(({ shard }) => shard));
  const kept = found.shards.filter(({ shard }) => !gone.has(shard));
  const isOld = (shard: FoundShard): boolean => isPast(dayOf(shard, facts), policy.gzipAfterDays, facts.nowMs);
  return {
    deletions,
    measurements: kept.flatMap(({ shard, forms: [form] }) =>
      manifest.shards.has(shard) || form === undefined
        ? []
        : [{ kind: "measure" as const, shard, file: form.name, bytes: form.bytes, why: "not in the manifest" }],
    ),
    settlements: kept
      .filter(({ forms }) => forms.length > 1)
      .map((shard) => ({
        kind: "settle" as const,
        found: shard,
        bytes: bytesOf(shard),
        why: "two forms of one shard",
      })),
    compressions: kept
      .filter((shard) => shard.forms[0]?.compression === "none" && isOld(shard))
      .map((shard) => ({
        kind: "compress" as const,
        shard: shard.shard,
        bytes: shard.forms[0]?.bytes ?? 0,
        why: `older than ${policy.gzipAfterDays} days`,
      })),
    warnings: [...(lateClock === undefined ? [] : [lateClock]), ...strange],
  };
}

/** Says whether so many days have begun since a UTC day; false for a day that is not known. */
export function isPast(day: string | undefined, days: number, nowMs: number): boolean {
  return day !== undefined && isExpired(day, days, nowMs);
}

/** A clock that was set back would be followed by days that are in no order: nothing is deleted by it. */
function warnOfClock({ found, nowMs }: PlanFacts): string | undefined {
  const newest = found.shards.reduce((latest, { day }) => (day !== undefined && day > latest ? day : latest), "");
  if (newest === "" || Date.parse(newest) - nowMs <= DAY_MS) return undefined;
  return `the clock says ${utcDay(nowMs)}, and there is a shard of ${newest}: nothing is deleted until the clock is right`;
}

function listDeletions(facts: PlanFacts): readonly Deletion[] {
  const { found, manifest, policy, nowMs } = facts;
  const shards = found.shards.flatMap((shard): Deletion[] => {
    const why = whyDeleted(shard, facts);
    if (why === undefined) return [];
    const files = shard.forms.map(({ name }) => name);
    return [{ kind: "delete", shard: shard.shard, files, bytes: bytesOf(shard), why }];
  });
  const torn = found.torn
    .filter(({ day }) => isPast(day, policy.deleteAfterDays, nowMs))
    .map(({ name, bytes }): Deletion => {
      return { kind: "delete", shard: null, files: [name], bytes, why: `older than ${policy.deleteAfterDays} days` };
    });
  const present = new Set(found.shards.map(({ shard }) => shard));
  const vanished = [...manifest.shards.keys()]
    .filter((shard) => !present.has(shard) && isPast(dayOfName(shard), policy.deleteAfterDays, nowMs))
    .map((shard): Deletion => ({ kind: "delete", shard, files: [], bytes: 0, why: "deleted before" }));
  return [...shards, ...torn, ...vanished];
}

function whyDeleted({ shard, day }: FoundShard, { policy, imports, nowMs }: PlanFacts): string | undefined {
  const days = policy.deleteAfterDays;
  if (day !== undefined) return isPast(day, days, nowMs) ? `older than ${days} days` : undefined;
  const keep = imports.get(shard);
  return isImportOver(keep, nowMs) ? `imported more than ${keep?.keepDays} days ago` : undefined;
}

/** The day in the name, or the day of the import. */
function dayOf({ shard, day }: FoundShard, { imports }: PlanFacts): string | undefined {
  const record = imports.get(shard);
  return day ?? (record === undefined ? undefined : utcDay(record.importedMs));
}

function dayOfName(shard: string): string | undefined {
  const name = parseLogFileName(shard);
  return name?.kind === "sealed" ? name.day : undefined;
}

function bytesOf({ forms }: FoundShard): number {
  return forms.reduce((sum, { bytes }) => sum + bytes, 0);
}

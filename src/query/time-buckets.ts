/**
 * Time cut into hours, days, weeks and months of a zone. A range is first cut where the zone's offset changes; within
 * such a stretch local time is UTC plus a constant, so a bucket is arithmetic, the same here and in SQL.
 *
 * An hour that a clock change repeats is two buckets. Their labels carry the offset, since the wall clock cannot tell
 * them apart; every other label is plain.
 */
import { Temporal } from "temporal-polyfill";
import type { TimeDimension } from "../report.ts";

/** Instants in milliseconds since 1970; `to` is not part of the range. */
export type Range = { readonly from: number; readonly to: number };

/** A size of bucket. */
export type TimeUnit = Exclude<TimeDimension, "time"> extends `time:${infer Unit}` ? Unit : never;

/** A stretch of time with one offset: `until` (not part of it) in ms since 1970, offset from UTC in ms. */
export type OffsetStretch = { readonly until: number; readonly offsetMs: number };

/** A bucket: the key that SQL gives its rows, and how it reads. */
export type Bucket = { readonly key: number; readonly label: string };

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Day 0 (1970-01-01) was a Thursday; weeks begin on Monday. */
const THURSDAY = 3;

/** Returns the stretches of a range between changes of a zone's offset, in order. */
export function offsetStretches({ from, to }: Range, timezone: string): readonly OffsetStretch[] {
  const stretches: OffsetStretch[] = [];
  let at = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(timezone);
  for (;;) {
    const offsetMs = at.offsetNanoseconds / 1_000_000;
    const next = at.getTimeZoneTransition("next");
    if (next === null || next.epochMilliseconds >= to) return [...stretches, { until: to, offsetMs }];
    stretches.push({ until: next.epochMilliseconds, offsetMs });
    at = next;
  }
}

/** Writes the key of an instant's bucket in SQL. `epoch` and `offset` are SQL for milliseconds. */
export function bucketKeySql(unit: TimeUnit, epoch: string, offset: string): string {
  const local = `(${epoch} + ${offset})`;
  if (unit === "hour") return `${local} // ${HOUR_MS} * ${HOUR_MS} - ${offset}`;
  if (unit === "day") return `${local} // ${DAY_MS}`;
  if (unit === "week") return `(${local} // ${DAY_MS} + ${THURSDAY}) // 7`;
  return `year(make_timestamp_ms(${local})) * 12 + month(make_timestamp_ms(${local})) - 1`;
}

/** Lists every bucket of a range in order, with its label; a cut first week is labelled by the range's first day. */
export function listBuckets(range: Range, unit: TimeUnit, timezone: string): readonly Bucket[] {
  const labels = new Map<number, { readonly label: string; readonly offsetMs: number }>();
  let from = range.from;
  for (const { until, offsetMs } of offsetStretches(range, timezone)) {
    const step = unit === "hour" ? HOUR_MS : 1;
    for (let key = bucketKey(unit, from, offsetMs); key <= bucketKey(unit, until - 1, offsetMs); key += step) {
      if (!labels.has(key)) labels.set(key, { label: labelOf(unit, key, offsetMs), offsetMs });
    }
    from = until;
  }
  const first = isoDate(range.from + (offsetStretches(range, timezone)[0]?.offsetMs ?? 0));
  const seen = countLabels([...labels.values()].map(({ label }) => label));
  return [...labels].map(([key, { label, offsetMs }]) => {
    if ((seen.get(label) ?? 0) > 1) return { key, label: label + offsetText(offsetMs) };
    return { key, label: unit === "week" && label < first ? first : label };
  });
}

function bucketKey(unit: TimeUnit, epochMs: number, offsetMs: number): number {
  const local = epochMs + offsetMs;
  if (unit === "hour") return Math.floor(local / HOUR_MS) * HOUR_MS - offsetMs;
  const day = Math.floor(local / DAY_MS);
  if (unit === "day") return day;
  if (unit === "week") return Math.floor((day + THURSDAY) / 7);
  const date = new Date(local);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

function labelOf(unit: TimeUnit, key: number, offsetMs: number): string {
  if (unit === "hour")
    return `${isoDate(key + offsetMs)} ${new Date(key + offsetMs).toISOString().slice(11, 13)}:00:00`;
  if (unit === "day") return isoDate(key * DAY_MS);
  if (unit === "week") return isoDate((key * 7 - THURSDAY) * DAY_MS);
  return `${String(Math.floor(key / 12)).padStart(4, "0")}-${String((key % 12) + 1).padStart(2, "0")}-01`;
}

function isoDate(localMs: number): string {
  return new Date(localMs).toISOString().slice(0, 10);
}

function offsetText(offsetMs: number): string {
  const minutes = Math.abs(offsetMs) / 60_000;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  return `${offsetMs < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}

function countLabels(labels: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** Which instants a date range means, in a zone and at a moment; days are days of the zone, also around clock changes. */
import { Temporal } from "temporal-polyfill";
import type { DateRange } from "../report.ts";
import type { Range } from "./time-buckets.ts";

/** A range as instants, and as first and last day where it is made of whole days. */
export type ResolvedRange = Range & {
  readonly days: { readonly first: Temporal.PlainDate; readonly last: Temporal.PlainDate } | null;
  /** The period before, where it is not the same length straight before. */
  readonly before?: Range;
};

export type RangeContext = {
  readonly timezone: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Where `all` begins; null when there is nothing yet. */
  readonly firstEventAt: number | null;
  /** Cuts `day` after the current hour, and `month` and `year` after today. */
  readonly trim: boolean;
};

const DAY_MS = 86_400_000;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/;
const RELATIVE = /^(?:([1-9]\d{0,3})d|([1-9]\d{0,2})mo)$/;
/** No log is older, no clock is further ahead; and bounds keep a list of buckets from growing without end. */
const YEARS = { first: 1970, last: 2199 };
const NAMED = ["day", "24h", "month", "year", "all"];

/** Says whether a value is a date range at all; whether a pair is in order included. */
export function isDateRange(value: unknown): value is DateRange {
  if (typeof value === "string") return NAMED.includes(value) || RELATIVE.test(value);
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [first, last]: unknown[] = value;
  if (typeof first !== "string" || typeof last !== "string") return false;
  try {
    if (![first, last].every(isInYears)) return false;
    if (DATE.test(first) && DATE.test(last)) return Temporal.PlainDate.compare(dateOf(first), dateOf(last)) <= 0;
    if (INSTANT.test(first) && INSTANT.test(last)) return instantOf(first) <= endOf(last) - 1;
  } catch {
    // Written like a date, but no calendar has it.
  }
  return false;
}

/** Resolves a range that isDateRange has let pass. The last second or day named is part of it, as in the Stats API. */
export function resolveRange(range: DateRange, context: RangeContext): ResolvedRange {
  if (typeof range === "string") return resolveNamed(range, context);
  const [first, last] = range;
  if (DATE.test(first)) return wholeDays(dateOf(first), dateOf(last), context.timezone);
  return { from: instantOf(first), to: endOf(last), days: null };
}

/**
 * Returns the range of the same length straight before: as many days where it is made of days, else as much time. A day
 * cut after the current hour is set beside the day before up to the same time, not beside last night.
 */
export function previousRange(range: ResolvedRange, timezone: string): ResolvedRange {
  if (range.before !== undefined) return { ...range.before, days: null };
  if (range.days === null) return { from: range.from * 2 - range.to, to: range.from, days: null };
  const { first, last } = range.days;
  const count = first.until(last).days + 1;
  return wholeDays(first.subtract({ days: count }), first.subtract({ days: 1 }), timezone);
}

/** Returns first and last second as ISO 8601 in the zone. */
export function describeRange({ from, to }: Range, timezone: string): readonly [string, string] {
  const text = (ms: number): string =>
    Temporal.Instant.fromEpochMilliseconds(ms)
      .toZonedDateTimeISO(timezone)
      .toString({ timeZoneName: "never", fractionalSecondDigits: 0 });
  return [text(from), text(Math.max(from, to - 1000))];
}

function resolveNamed(range: string, context: RangeContext): ResolvedRange {
  const { timezone, now, firstEventAt } = context;
  const zoned = (ms: number): Temporal.ZonedDateTime =>
    Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timezone);
  const today = zoned(now).toPlainDate();
  const [, days, months] = RELATIVE.exec(range) ?? [];
  if (days) return wholeDays(today.subtract({ days: Number(days) }), today.subtract({ days: 1 }), timezone);
  if (months) {
    const thisMonth = today.with({ day: 1 });
    const first = thisMonth.subtract({ months: Math.min(Number(months), (today.year - YEARS.first) * 12) });
    return wholeDays(first, thisMonth.subtract({ days: 1 }), timezone);
  }
  if (range === "24h") return { from: now - DAY_MS, to: now, days: null };
  if (range === "all") {
    const first = firstEventAt === null ? today : zoned(Math.max(0, Math.min(firstEventAt, now))).toPlainDate();
    return wholeDays(first, today, timezone);
  }
  return resolveCurrent(range, today, context);
}

function resolveCurrent(range: string, today: Temporal.PlainDate, context: RangeContext): ResolvedRange {
  const { timezone, now, trim } = context;
  if (range === "day") {
    const whole = wholeDays(today, today, timezone);
    if (!trim) return whole;
    // Whole hours since the day began: an hour is an hour, also on a day of 23 or 25.
    const hours = Math.floor((now - whole.from) / 3_600_000) + 1;
    const dayBefore = (ms: number): number =>
      Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timezone).subtract({ days: 1 }).epochMilliseconds;
    const to = Math.min(whole.to, whole.from + hours * 3_600_000);
    return { from: whole.from, to, days: null, before: { from: dayBefore(whole.from), to: dayBefore(now) } };
  }
  const first = range === "month" ? today.with({ day: 1 }) : today.with({ month: 1, day: 1 });
  const last = first.add(range === "month" ? { months: 1 } : { years: 1 }).subtract({ days: 1 });
  return wholeDays(first, trim ? today : last, timezone);
}

function wholeDays(first: Temporal.PlainDate, last: Temporal.PlainDate, timezone: string): ResolvedRange {
  const start = (date: Temporal.PlainDate): number => date.toZonedDateTime(timezone).epochMilliseconds;
  return { from: start(first), to: start(last.add({ days: 1 })), days: { first, last } };
}

function isInYears(text: string): boolean {
  const year = Number(text.slice(0, 4));
  return year >= YEARS.first && year <= YEARS.last;
}

function dateOf(text: string): Temporal.PlainDate {
  return Temporal.PlainDate.from(text, { overflow: "reject" });
}

function instantOf(text: string): number {
  return Temporal.Instant.from(text).epochMilliseconds;
}

/** An end names its last second, or its last millisecond where it has a fraction. */
function endOf(text: string): number {
  return instantOf(text) + (text.includes(".") ? 1 : 1000);
}

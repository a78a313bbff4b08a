/**
 * Calendar dates and the labels of time buckets, as text (`2026-11-23`, `2026-11-23 14:00:00`). The server has already
 * put them into the zone of the question, so here they are computed as UTC and no zone can shift them.
 */

const DAY_MS = 86_400_000;

/** The size of a bucket of the chart. */
export type Bucket = "hour" | "day" | "week" | "month";

/** Returns the date of a moment in a zone, as `2026-11-23`. */
export function dateInZone(timeMs: number, timezone: string): string {
  return timestampInZone(timeMs, timezone).slice(0, 10);
}

/** Returns the wall-clock time of a moment in a zone, as `2026-11-23 14:05:09`. */
export function timestampInZone(timeMs: number, timezone: string): string {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).formatToParts(timeMs);
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? "00";
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}:${part("second")}`;
}

/** Returns the date some days later (or earlier, for a negative number). */
export function addDays(date: string, days: number): string {
  return toDate(Date.parse(date) + days * DAY_MS);
}

/** Returns the same day some months later, or the last day of that month where it is shorter. */
export function addMonths(date: string, months: number): string {
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  const lastDay = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return toDate(Date.UTC(year, month - 1 + months, Math.min(day, lastDay)));
}

/** Returns the first day of the month of a date. */
export function startOfMonth(date: string): string {
  return `${date.slice(0, 7)}-01`;
}

/** Counts the days from one date to another, both included. */
export function countDays(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 1;
}

/** Tells whether a text is a calendar date that exists. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(text);
  return !Number.isNaN(time) && toDate(time) === text;
}

/** Formats a span of dates without repeating what both share: `1 – 10 Nov 2026`. */
export function formatSpan(from: string, to: string): string {
  if (from === to) return formatDate(from, { weekday: "short", day: "numeric", month: "short", year: "numeric" });
  const end = formatDate(to, { day: "numeric", month: "short", year: "numeric" });
  if (from.slice(0, 4) !== to.slice(0, 4)) {
    return `${formatDate(from, { day: "numeric", month: "short", year: "numeric" })} – ${end}`;
  }
  const isSameMonth = from.slice(0, 7) === to.slice(0, 7);
  return `${formatDate(from, isSameMonth ? { day: "numeric" } : { day: "numeric", month: "short" })} – ${end}`;
}

/** Formats the label of a bucket for the axis, where the year is known from the range: `22 Nov`, `14:00`. */
export function formatTick(label: string, bucket: Bucket): string {
  if (bucket === "hour") return label.slice(11, 16);
  if (bucket === "month") return formatDate(label, { month: "short", year: "2-digit" });
  return formatDate(label, { day: "numeric", month: "short" });
}

/** Formats the label of a bucket in full, for tooltip and table. */
export function formatBucket(label: string, bucket: Bucket): string {
  switch (bucket) {
    case "hour":
      return `${formatDate(label, { weekday: "short", day: "numeric", month: "short" })}, ${label.slice(11, 16)}`;
    case "day":
      return formatDate(label, { weekday: "short", day: "numeric", month: "short" });
    case "week":
      return `Week of ${formatDate(label, { day: "numeric", month: "short", year: "numeric" })}`;
    case "month":
      return formatDate(label, { month: "long", year: "numeric" });
  }
}

function formatDate(label: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" }).format(Date.parse(label.slice(0, 10)));
}

function toDate(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

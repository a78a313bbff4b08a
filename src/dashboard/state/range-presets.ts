/**
 * The ranges that one click or one key chooses, and what they mean to the server. As in Plausible, `7d` and its like
 * end yesterday, so that a half day never looks like a drop; `day`, `month`, `year` and `all` include today.
 */
import type { DateRange } from "../../report.ts";
import {
  addDays,
  addMonths,
  type Bucket,
  countDays,
  dateInZone,
  formatSpan,
  startOfMonth,
} from "../format/calendar.ts";

/** Every preset: its name in the address, what a person reads, and its key. */
export const PRESETS = [
  { id: "day", name: "Today", key: "d" },
  { id: "yesterday", name: "Yesterday", key: "e" },
  { id: "24h", name: "Last 24 hours", key: "h" },
  { id: "7d", name: "Last 7 days", key: "w" },
  { id: "28d", name: "Last 28 days", key: "f" },
  { id: "30d", name: "Last 30 days", key: "t" },
  { id: "91d", name: "Last 91 days", key: "n" },
  { id: "month", name: "This month", key: "m" },
  { id: "last-month", name: "Last month", key: "p" },
  { id: "year", name: "This year", key: "y" },
  { id: "12mo", name: "Last 12 months", key: "l" },
  { id: "all", name: "All time", key: "a" },
] as const;

export type PresetId = (typeof PRESETS)[number]["id"];

/** What a person chose: a preset, or two dates (both included). */
export type Range = PresetId | { readonly from: string; readonly to: string };

/** Returns the preset of a name, or undefined. */
export function findPreset(id: string): (typeof PRESETS)[number] | undefined {
  return PRESETS.find((preset) => preset.id === id);
}

/** Returns the name of a range: `Last 28 days`, `1 – 10 Nov 2026`. */
export function nameRange(range: Range): string {
  if (typeof range === "string") return findPreset(range)?.name ?? range;
  return formatSpan(range.from, range.to);
}

/** Where a person is: the zone that dates are read in, and the present. */
export type Here = { readonly timezone: string; readonly nowMs: number };

/** Turns a range into the `date_range` of a question. */
export function toDateRange(range: Range, here: Here): DateRange {
  if (range === "yesterday" || range === "last-month") {
    const { from, to } = toDates(range, here);
    return [from, to];
  }
  return typeof range === "string" ? range : [range.from, range.to];
}

/** Chooses the bucket of the chart, so that it has between some and about a hundred points; null leaves it to the server. */
export function chooseBucket(range: Range, here: Here): Bucket | null {
  if (range === "24h") return "hour";
  // How long all time is, only the server knows.
  if (range === "all") return null;
  if (range === "12mo" || range === "year") return "month";
  const { from, to } = toDates(range, here);
  const days = countDays(from, to);
  if (days <= 2) return "hour";
  if (days <= 100) return "day";
  return days <= 400 ? "week" : "month";
}

/** Returns the range of the same length before (-1) or after (1), or null where there is none or it lies ahead. */
export function shiftRange(range: Range, direction: -1 | 1, here: Here): Range | null {
  if (range === "all" || range === "24h") return null;
  const { from, to } = toDates(range, here);
  const shifted = shiftDates({ from, to, isMonth: isWholeMonths(range, from), direction });
  return shifted.from > dateInZone(here.nowMs, here.timezone) ? null : shifted;
}

/** Tells whether a range holds the present, so that its figures still grow. */
export function rangeHoldsToday(range: Range, here: Here): boolean {
  if (range === "24h" || range === "all") return true;
  return toDates(range, here).to >= dateInZone(here.nowMs, here.timezone);
}

type Dates = { readonly from: string; readonly to: string };

function isWholeMonths(range: Range, from: string): boolean {
  if (typeof range === "string") return range === "month" || range === "last-month";
  return from.endsWith("-01") && range.to === addDays(addMonths(from, 1), -1);
}

function shiftDates(span: Dates & { readonly isMonth: boolean; readonly direction: -1 | 1 }): Dates {
  if (span.isMonth) {
    const from = addMonths(startOfMonth(span.from), span.direction);
    return { from, to: addDays(addMonths(from, 1), -1) };
  }
  const days = countDays(span.from, span.to) * span.direction;
  return { from: addDays(span.from, days), to: addDays(span.to, days) };
}

/** Returns the first and the last date of a range; a preset is read in the zone, at the present. */
export function toDates(range: Range, here: Here): Dates {
  if (typeof range !== "string") return range;
  const today = dateInZone(here.nowMs, here.timezone);
  switch (range) {
    case "day":
    case "24h":
    case "all":
      return { from: today, to: today };
    case "yesterday":
      return { from: addDays(today, -1), to: addDays(today, -1) };
    case "month":
      return { from: startOfMonth(today), to: today };
    case "last-month": {
      const from = addMonths(startOfMonth(today), -1);
      return { from, to: addDays(startOfMonth(today), -1) };
    }
    case "year":
      return { from: `${today.slice(0, 4)}-01-01`, to: today };
    case "12mo":
      return { from: addMonths(startOfMonth(today), -12), to: addDays(startOfMonth(today), -1) };
    default:
      return { from: addDays(today, -Number.parseInt(range, 10)), to: addDays(today, -1) };
  }
}

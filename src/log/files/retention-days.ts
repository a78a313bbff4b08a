/** The one rule of how old is too old: by whole UTC days, so that everything of a day goes at the same midnight. */
import { utcDay } from "../../clock.ts";

const DAY_MS = 86_400_000;

/**
 * Returns the oldest UTC day of which anything is kept, `2026-10-26`: with 30 days today and the 29 before it. What is
 * older goes at the midnight that begins the day so many days after its own, so nothing gets older than the limit.
 */
export function firstKeptDay(days: number, nowMs: number): string {
  return utcDay(nowMs - (days - 1) * DAY_MS);
}

/** Says whether what is of a UTC day is too old to be kept. */
export function isExpired(day: string, days: number, nowMs: number): boolean {
  return day < firstKeptDay(days, nowMs);
}

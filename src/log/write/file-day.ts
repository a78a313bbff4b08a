/** Which UTC days may share one file: a new day begins a new file, and nothing else makes many small ones. */
import { utcDay } from "../../clock.ts";

const DAY_MS = 86_400_000;

/**
 * Says whether lines received on a day (`2026-11-24`) belong into another file than the one that was begun on `fileDay`: on a
 * later day, or where the clock was set back by more than a day. A late line of the day before stays, so that midnight,
 * when lines of both days come mixed, makes one new file and not many.
 */
export function isOtherFileDay(fileDay: string, day: string): boolean {
  return day > fileDay || day < utcDay(Date.parse(fileDay) - DAY_MS);
}

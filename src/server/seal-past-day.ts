/** Seals the file of a day that is over where no event comes to do it, so that it ages as the others do. */
import { type Clock, utcDay } from "../clock.ts";
import type { Log } from "../log/log.ts";
import { isOtherFileDay } from "../log/write/file-day.ts";

/** How often it is looked whether a day is over; only an idle collector waits for that. */
export const PAST_DAY_CHECK_MS = 10_000;

/** Seals the active file if it was begun on another UTC day; what fails is told by the log, and tried the next time. */
export async function sealPastDay(log: Pick<Log, "status" | "seal">, clock: Pick<Clock, "now">): Promise<void> {
  const { fileDay } = log.status();
  if (fileDay === undefined || !isOtherFileDay(fileDay, utcDay(clock.now()))) return;
  await log.seal().catch(() => undefined);
}

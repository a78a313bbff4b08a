/** Makes the id of an event that came without one. */
import { v7 } from "uuid";
import type { Clock } from "../../clock.ts";

/** Returns a UUID version 7 (RFC 9562, section 5.7): its time first, so that ids sort as they were received. */
export function newEventId(nowMs: number, clock: Clock): string {
  return v7({ msecs: nowMs, random: clock.randomBytes(16) });
}

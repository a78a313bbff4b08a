/** Where a reader stands in the ring: the place behind its last event, and what it has yet to be given from there. */
import type { AcceptedEvent } from "../event.ts";
import type { Ring } from "./ring.ts";

/** Returns the position of the oldest event held. */
export function oldestPosition(ring: Ring): number {
  return ring.end() - ring.size();
}

/**
 * Returns the position behind an event, or undefined when the ring does not hold it. A reader of one site is not told
 * that an event of another is there.
 */
export function positionBehind(ring: Ring, eventId: string, site: string | undefined): number | undefined {
  for (let position = ring.end() - 1; position >= oldestPosition(ring); position -= 1) {
    const event = ring.at(position);
    if (event?.eventId === eventId && (site === undefined || event.site === site)) return position + 1;
  }
  return undefined;
}

/** Returns the events held from one position up to, not including, another. */
export function eventsBetween(ring: Ring, from: number, to: number): readonly AcceptedEvent[] {
  const events: AcceptedEvent[] = [];
  for (let position = from; position < to; position += 1) {
    const event = ring.at(position);
    if (event !== undefined) events.push(event);
  }
  return events;
}

/** The newest stored events in memory: what the live snapshot shows. It holds nothing that is not on disk. */
import type { AcceptedEvent } from "../event.ts";

export type Ring = {
  readonly capacity: number;
  /** Number of events held now. */
  readonly size: () => number;
  /** Adds stored events, oldest first; the oldest held ones make room. */
  readonly push: (events: readonly AcceptedEvent[]) => void;
  /** Returns the events held, newest first. */
  readonly newestFirst: () => readonly AcceptedEvent[];
  /** Counts events received in the last minute. */
  readonly receivedSince: (timeMs: number) => number;
};

/** Makes an empty ring of a fixed capacity (events). */
export function createRing(capacity: number): Ring {
  const slots: (AcceptedEvent | undefined)[] = new Array(capacity).fill(undefined);
  let next = 0;
  let size = 0;
  const newestFirst = (): readonly AcceptedEvent[] => {
    const events: AcceptedEvent[] = [];
    for (let back = 1; back <= size; back += 1) {
      const event = slots[(next - back + capacity) % capacity];
      if (event !== undefined) events.push(event);
    }
    return events;
  };
  return {
    capacity,
    size: () => size,
    push: (events) => {
      for (const event of events.slice(-capacity)) {
        slots[next] = event;
        next = (next + 1) % capacity;
        size = Math.min(capacity, size + 1);
      }
    },
    newestFirst,
    receivedSince: (timeMs) => {
      const since = new Date(timeMs).toISOString();
      return newestFirst().filter((event) => event.receivedAt >= since).length;
    },
  };
}

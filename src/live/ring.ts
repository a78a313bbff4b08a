/**
 * The newest stored events in memory: what the live snapshot shows and the live stream sends. It holds nothing that is
 * not on disk, and whoever pushes, the stream hears of it here.
 */
import type { AcceptedEvent } from "../event.ts";

/** Told of each push, at once; it must be quick and must not throw, since acknowledging waits for it. */
export type RingListener = (events: readonly AcceptedEvent[]) => void;

export type Ring = {
  readonly capacity: number;
  /** Number of events held now. */
  readonly size: () => number;
  /** Number of events ever pushed; those held have the positions from `end() - size()` up to, not including, this. */
  readonly end: () => number;
  /** Returns the event at a position, or undefined when it is not held. */
  readonly at: (position: number) => AcceptedEvent | undefined;
  /** Adds events that are on disk, oldest first; the oldest held ones make room. */
  readonly push: (events: readonly AcceptedEvent[]) => void;
  /** Lets go of the events that are to go, wherever they stand; returns how many. Those that stay may move up. */
  readonly remove: (isToGo: (event: AcceptedEvent) => boolean) => number;
  /** Returns the events held, newest first. */
  readonly newestFirst: () => readonly AcceptedEvent[];
  /** Calls the listener with the events of each later push, all of them, however few are held. Returns what ends that. */
  readonly subscribe: (listener: RingListener) => () => void;
};

/** Makes an empty ring of a fixed capacity (events). */
export function createRing(capacity: number): Ring {
  const slots: (AcceptedEvent | undefined)[] = new Array(capacity).fill(undefined);
  const listeners = new Set<RingListener>();
  let end = 0;
  let held = 0;
  const at = (position: number): AcceptedEvent | undefined =>
    position >= end - held && position < end ? slots[position % capacity] : undefined;
  const newestFirst = (): readonly AcceptedEvent[] =>
    Array.from({ length: held }, (_, back) => at(end - 1 - back)).filter((event) => event !== undefined);
  return {
    capacity,
    size: () => held,
    end: () => end,
    at,
    push: (events) => {
      for (const event of events) {
        slots[end % capacity] = event;
        end += 1;
      }
      held = Math.min(capacity, held + events.length);
      for (const listener of listeners) listener(events);
    },
    remove: (isToGo) => {
      const before = held;
      const staying = newestFirst().filter((event) => !isToGo(event));
      slots.fill(undefined);
      held = staying.length;
      for (const [back, event] of staying.entries()) slots[(end - 1 - back) % capacity] = event;
      return before - held;
    },
    newestFirst,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Returns an append with the ring told of every batch that is on disk. */
export function pushStored<Answer>(
  log: { readonly append: (events: readonly AcceptedEvent[]) => Promise<Answer> },
  ring: Pick<Ring, "push">,
): typeof log {
  return {
    append: async (events) => {
      const appended = await log.append(events);
      ring.push(events);
      return appended;
    },
  };
}

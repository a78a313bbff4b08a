/**
 * Who was active around midnight, so that a visit over 00:00 UTC keeps its id. Filled only from 23:30 to 00:30 UTC,
 * emptied after, and never larger than its bound, whoever floods it with ids.
 */

const WINDOW_MS = 30 * 60_000;
const DAY_MS = 86_400_000;

/** Ids that are remembered, in 20 MB; when more come at least half, and the visits of those longest unseen are parted. */
const CAPACITY = 200_000;

export type ActiveVisitors = {
  /** Notes that a visitor was seen now. */
  readonly touch: (visitorId: string, nowMs: number) => void;
  /** Says whether a visitor was seen in the last 30 minutes. */
  readonly wasActive: (visitorId: string, nowMs: number) => boolean;
  /** Forgets everybody: of an erased visitor only the events are named, and visits that are going on are parted at midnight. */
  readonly clear: () => void;
  /** Visitors that are remembered. */
  readonly size: () => number;
};

/** Says whether ids of the day before still count: the first 30 minutes after 00:00 UTC. */
export function isAfterMidnight(nowMs: number): boolean {
  return nowMs % DAY_MS < WINDOW_MS;
}

/**
 * Makes an empty register. Two generations of half the capacity each stand in for a list ordered by time: in a Map that
 * loses its first key with each new one, finding that key takes longer and longer.
 */
export function trackActiveVisitors(capacity: number = CAPACITY): ActiveVisitors {
  let young = new Map<string, number>();
  let old = new Map<string, number>();
  const add = (visitorId: string, nowMs: number): void => {
    young.set(visitorId, nowMs);
    if (young.size < capacity / 2) return;
    old = young;
    young = new Map();
  };
  const clear = (): void => {
    old = new Map();
    young = new Map();
  };
  return {
    touch: (visitorId, nowMs) => {
      // After midnight nobody asks for the ids of the new day, so those of the old one are not pushed out by them.
      if (isAfterMidnight(nowMs)) {
        if (young.has(visitorId) || old.has(visitorId)) add(visitorId, nowMs);
      } else if (nowMs % DAY_MS >= DAY_MS - WINDOW_MS) add(visitorId, nowMs);
      else if (young.size + old.size > 0) clear();
    },
    wasActive: (visitorId, nowMs) => {
      const seenMs = young.get(visitorId) ?? old.get(visitorId) ?? Number.NEGATIVE_INFINITY;
      return nowMs - seenMs <= WINDOW_MS;
    },
    clear,
    size: () => young.size + old.size,
  };
}

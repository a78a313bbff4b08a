/**
 * Who was active around midnight, so that a visit over 00:00 UTC keeps its id. Filled only from 23:30 to 00:30 UTC and
 * emptied after, so it is bounded by an hour of visitors and is nothing for the rest of the day.
 */

const WINDOW_MS = 30 * 60_000;
const DAY_MS = 86_400_000;

export type ActiveVisitors = {
  /** Notes that a visitor was seen now. */
  readonly touch: (visitorId: string, nowMs: number) => void;
  /** Says whether a visitor was seen in the last 30 minutes. */
  readonly wasActive: (visitorId: string, nowMs: number) => boolean;
};

/** Says whether ids of the day before still count: the first 30 minutes after 00:00 UTC. */
export function isAfterMidnight(nowMs: number): boolean {
  return nowMs % DAY_MS < WINDOW_MS;
}

/** Makes an empty register. */
export function trackActiveVisitors(): ActiveVisitors {
  const lastSeen = new Map<string, number>();
  return {
    touch: (visitorId, nowMs) => {
      const sinceMidnight = nowMs % DAY_MS;
      if (sinceMidnight < WINDOW_MS || sinceMidnight >= DAY_MS - WINDOW_MS) lastSeen.set(visitorId, nowMs);
      else if (lastSeen.size > 0) lastSeen.clear();
    },
    wasActive: (visitorId, nowMs) => nowMs - (lastSeen.get(visitorId) ?? Number.NEGATIVE_INFINITY) <= WINDOW_MS,
  };
}

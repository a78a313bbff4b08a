/** Counts answered requests, times acknowledgements and syncs; what a request costs here is some 100 ns. */
import { createHistogram, type Histogram } from "./histogram.ts";

/** Seconds. A sync takes 0.1 ms on a good SSD and past a second on a disk that is about to fail. */
const DURATION_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const MINUTE_MS = 60_000;
/** Minutes that the recent share looks back. */
export const RECENT_MINUTES = 15;
const TOO_MANY_REQUESTS = 429;

export type RouteCount = { readonly route: string; readonly status: number; readonly count: number };

/** Requests of the last minutes, and how many of them were answered 429. */
export type RecentRequests = { readonly requests: number; readonly limited: number };

export type RequestMeter = {
  /** Counts an answer; `route` is a pattern of ours, never a client's text. */
  readonly count: (route: string, status: number) => void;
  /** Seconds from a request to its acknowledgement. */
  readonly acknowledgements: Histogram;
  /** Seconds of each fdatasync of the log. */
  readonly syncs: Histogram;
  readonly counts: () => readonly RouteCount[];
  readonly recent: () => RecentRequests;
};

/** Makes a meter that has counted nothing; `monotonicMs` tells the minutes apart. */
export function createRequestMeter(monotonicMs: () => number): RequestMeter {
  const byRoute = new Map<string, Map<number, number>>();
  const recent = countRecent(monotonicMs);
  return {
    count: (route, status) => {
      const byStatus = byRoute.get(route) ?? new Map<number, number>();
      if (byStatus.size === 0) byRoute.set(route, byStatus);
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
      recent.add(status === TOO_MANY_REQUESTS);
    },
    acknowledgements: createHistogram(DURATION_BOUNDS),
    syncs: createHistogram(DURATION_BOUNDS),
    counts: () =>
      [...byRoute].flatMap(([route, byStatus]) => [...byStatus].map(([status, count]) => ({ route, status, count }))),
    recent: recent.read,
  };
}

type Recent = { readonly add: (isLimited: boolean) => void; readonly read: () => RecentRequests };

/** One slot a minute, used again after a full turn, so that the memory is fixed whatever comes. */
function countRecent(monotonicMs: () => number): Recent {
  const minutes = new Float64Array(RECENT_MINUTES).fill(-1);
  const requests = new Float64Array(RECENT_MINUTES);
  const limited = new Float64Array(RECENT_MINUTES);
  const currentMinute = (): number => Math.floor(monotonicMs() / MINUTE_MS);
  return {
    add: (isLimited) => {
      const minute = currentMinute();
      const slot = minute % RECENT_MINUTES;
      if (minutes[slot] !== minute) {
        minutes[slot] = minute;
        requests[slot] = 0;
        limited[slot] = 0;
      }
      requests[slot] = (requests[slot] ?? 0) + 1;
      if (isLimited) limited[slot] = (limited[slot] ?? 0) + 1;
    },
    read: () => {
      const oldest = currentMinute() - RECENT_MINUTES + 1;
      const isRecent = (_: number, slot: number): boolean => (minutes[slot] ?? -1) >= oldest;
      const sum = (counts: Float64Array): number => counts.filter(isRecent).reduce((total, count) => total + count, 0);
      return { requests: sum(requests), limited: sum(limited) };
    },
  };
}

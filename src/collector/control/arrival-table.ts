/**
 * One rate limit over many keys, in bounded memory: the generic cell rate algorithm, which needs one number a key, the
 * time at which its next request is expected if it keeps to the rate (the theoretical arrival time). A request may come
 * up to a burst before its time. It decides exactly as a token bucket does that holds `burst` and refills at the rate.
 * Source: ITU-T Recommendation I.371 (03/2004), annex A, virtual scheduling algorithm.
 *
 * Keys live in two generations. A lookup brings a key into the newer one; when that is full, or older than any time in
 * it, the older one is let go. So memory is bounded whatever comes, a key whose time has not passed is only ever lost
 * by staying away while a whole generation of others comes, and a client that keeps asking is never forgotten.
 */

const DEFAULT_MAX_KEYS = 100_000;
const MIN_GENERATION_MS = 1_000;
/** Bursts that a key can be behind: its own, and as much again that other processes let through. */
const MAX_BURSTS_BEHIND = 2;

export type ArrivalTable = {
  /** Milliseconds until a request of this key is within the limit; 0: it is now. Uses nothing up. */
  readonly waitMs: (key: number, nowMs: number) => number;
  /** Counts requests of a key, whether or not they were within the limit; at most one burst is held against it. */
  readonly count: (key: number, nowMs: number, requests: number) => void;
  /** Keys held now: at most twice `maxKeys`. */
  readonly size: () => number;
};

/** `ratePerSecond` above 0; `burst` at least 1; `maxKeys` in each of the two generations. */
export type ArrivalLimit = { readonly ratePerSecond: number; readonly burst: number; readonly maxKeys?: number };

/** Makes an empty table. `nowMs` in all its methods is monotonic time. */
export function createArrivalTable({ ratePerSecond, burst, maxKeys = DEFAULT_MAX_KEYS }: ArrivalLimit): ArrivalTable {
  const intervalMs = 1000 / ratePerSecond;
  const toleranceMs = (burst - 1) * intervalMs;
  const horizonMs = MAX_BURSTS_BEHIND * burst * intervalMs;
  const generationMs = Math.max(MIN_GENERATION_MS, horizonMs);
  let current = new Map<number, number>();
  let previous = new Map<number, number>();
  let turnAtMs = Number.NEGATIVE_INFINITY;
  const turn = (nowMs: number): void => {
    previous = current;
    current = new Map();
    turnAtMs = nowMs + generationMs;
  };
  const arrivalOf = (key: number, nowMs: number): number => {
    if (nowMs >= turnAtMs || current.size >= maxKeys) turn(nowMs);
    const known = current.get(key);
    if (known !== undefined) return known;
    const older = previous.get(key);
    if (older === undefined) return nowMs;
    current.set(key, older);
    return older;
  };
  return {
    waitMs: (key, nowMs) => Math.max(0, arrivalOf(key, nowMs) - toleranceMs - nowMs),
    count: (key, nowMs, requests) => {
      const arrival = Math.max(arrivalOf(key, nowMs), nowMs) + requests * intervalMs;
      current.set(key, Math.min(arrival, nowMs + horizonMs));
    },
    size: () => current.size + previous.size,
  };
}

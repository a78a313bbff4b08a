/** Where time and randomness come from, so that tests can move the one and fix the other. */
import { randomBytes } from "node:crypto";

const POOL_BYTES = 4096;

export type Clock = {
  /** Wall-clock time in milliseconds since 1970-01-01T00:00:00Z; it may jump. */
  readonly now: () => number;
  /** Monotonic time in milliseconds; only differences mean anything. */
  readonly monotonicMs: () => number;
  /** Cryptographically strong random bytes. */
  readonly randomBytes: (size: number) => Uint8Array;
};

/** The real clock and the kernel's randomness. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  randomBytes: pooledRandomBytes(),
};

/**
 * Asks the kernel for many bytes at a time: one call takes about 2 µs whatever its size (Node 24.21), and each event without an id
 * of its own needs 16. No byte is given out twice.
 */
function pooledRandomBytes(): (size: number) => Uint8Array {
  let pool = randomBytes(POOL_BYTES);
  let used = 0;
  return (size) => {
    if (size > POOL_BYTES / 16) return randomBytes(size);
    if (used + size > POOL_BYTES) {
      pool = randomBytes(POOL_BYTES);
      used = 0;
    }
    used += size;
    return pool.subarray(used - size, used);
  };
}

/** Returns the UTC day of a time, as `2026-11-23`. */
export function utcDay(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

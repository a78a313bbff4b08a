/** Where time and randomness come from, so that tests can move the one and fix the other. */
import { randomBytes } from "node:crypto";

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
  randomBytes: (size) => randomBytes(size),
};

/** Returns the UTC day of a time, as `2026-11-23`. */
export function utcDay(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

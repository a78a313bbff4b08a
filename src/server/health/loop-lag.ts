/** How late the event loop runs: what every request waits before any of our code sees it. */
import { monitorEventLoopDelay } from "node:perf_hooks";

/** The delays that perf_hooks records contain this pause between two looks. */
const RESOLUTION_MS = 20;
const NANOSECONDS_PER_MS = 1_000_000;

/** Lag of the last whole window, in milliseconds. */
export type LoopLag = { readonly p99Ms: number; readonly maxMs: number };

export type LoopLagMeter = {
  /** Lag of the last whole window; zeros before the first has ended, since a start alone makes a loop late. */
  readonly read: () => LoopLag;
  /** Ends a window and begins the next. */
  readonly roll: () => void;
  readonly stop: () => void;
};

/** Starts measuring. Stop it. */
export function startLoopLag(): LoopLagMeter {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let last: LoopLag = { p99Ms: 0, maxMs: 0 };
  const lagMs = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS_PER_MS - RESOLUTION_MS);
  return {
    read: () => last,
    roll: () => {
      if (delays.count > 0) last = { p99Ms: lagMs(delays.percentile(99)), maxMs: lagMs(delays.max) };
      delays.reset();
    },
    stop: () => void delays.disable(),
  };
}

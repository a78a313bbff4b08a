/**
 * Keeps the store up with the log: a load about twice a second, one at a time, and a warning once when it fails. While
 * acknowledging takes all there is, loads are put off: they are fewer then, and each brings more for less.
 */
import { type EventLoopUtilization, performance } from "node:perf_hooks";
import type { Clock } from "../clock.ts";
import { describeError } from "../errors.ts";
import type { Store } from "../store/store.ts";

/** Half a second, so that an event is in the answers well within 2 s of its 202; an idle load costs a few stat calls. */
const MIN_PAUSE_MS = 500;
/** A thread that is at work for more than this share of the time has none to spare. */
const BUSY_SHARE = 0.75;
/** The longest that loads are put off, so that answers fall behind by seconds only. */
const MAX_PUT_OFF_MS = 3_000;

export type Loading = {
  /** Begins no further load; the one that is running ends when the store is closed. */
  readonly stop: () => void;
};

export type LoadingOptions = {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly onWarning: (message: string) => void;
  /** Share of the time since it was last asked in which this thread was at work; default: what Node measures. */
  readonly busyShare?: () => number;
};

/** Starts loading. Acknowledging events never waits for it. */
export function startLoading(store: Pick<Store, "load">, options: LoadingOptions): Loading {
  const { clock, onWarning, busyShare = watchEventLoop() } = options;
  let isStopped = false;
  let lastWarning = "";
  let wake: () => void = () => {};
  const pause = (pauseMs: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const loadOnce = async (): Promise<void> => {
    try {
      await store.load();
      lastWarning = "";
    } catch (error) {
      if (isStopped) return;
      const warning = `the store could not load the log, answers fall behind: ${describeError(error)}`;
      if (warning !== lastWarning) onWarning(warning);
      lastWarning = warning;
    }
  };
  const run = async (): Promise<void> => {
    while (!isStopped) {
      const started = clock.monotonicMs();
      await loadOnce();
      busyShare();
      // A load that has much to do gives acknowledging the half of the time: under a flood answers may fall behind.
      if (!isStopped) await pause(Math.max(MIN_PAUSE_MS, clock.monotonicMs() - started));
      const rested = clock.monotonicMs();
      while (!isStopped && busyShare() > BUSY_SHARE && clock.monotonicMs() - rested < MAX_PUT_OFF_MS) {
        await pause(MIN_PAUSE_MS);
      }
    }
  };
  void run();
  return {
    stop: () => {
      isStopped = true;
      wake();
    },
  };
}

function watchEventLoop(): () => number {
  let last: EventLoopUtilization = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}

/** Keeps the store up with the log: a load about twice a second, one at a time, and a warning once when it fails. */
import type { Clock } from "../clock.ts";
import { describeError } from "../errors.ts";
import type { Store } from "../store/store.ts";

/** Half a second, so that an event is in the answers well within 2 s of its 202; an idle load costs a few stat calls. */
const MIN_PAUSE_MS = 500;

export type Loading = {
  /** Begins no further load; the one that is running ends when the store is closed. */
  readonly stop: () => void;
};

export type LoadingOptions = { readonly clock: Clock; readonly onWarning: (message: string) => void };

/** Starts loading. Acknowledging events never waits for it. */
export function startLoading(store: Store, options: LoadingOptions): Loading {
  const { clock, onWarning } = options;
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
      // A load that has much to do gives acknowledging the half of the time: under a flood answers may fall behind.
      if (!isStopped) await pause(Math.max(MIN_PAUSE_MS, clock.monotonicMs() - started));
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

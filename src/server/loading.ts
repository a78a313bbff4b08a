/** Keeps the store up with the log: a load twice a second, one at a time, and a warning once when it fails. */
import { describeError } from "../errors.ts";
import type { Store } from "../store/store.ts";

/** Half a second, so that an event is in the answers well within 2 s of its 202; an idle load costs a few stat calls. */
const PERIOD_MS = 500;

export type Loading = {
  /** Ends after the load that is running; nothing is loaded afterwards. */
  readonly stop: () => Promise<void>;
};

/** Starts loading. Acknowledging events never waits for it. */
export function startLoading(store: Store, onWarning: (message: string) => void): Loading {
  let isStopped = false;
  let lastWarning = "";
  let wake: () => void = () => {};
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, PERIOD_MS);
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
      const warning = `the store could not load the log, answers fall behind: ${describeError(error)}`;
      if (warning !== lastWarning) onWarning(warning);
      lastWarning = warning;
    }
  };
  const run = async (): Promise<void> => {
    while (!isStopped) {
      await loadOnce();
      if (!isStopped) await pause();
    }
  };
  const ended = run();
  return {
    stop: () => {
      isStopped = true;
      wake();
      return ended;
    },
  };
}

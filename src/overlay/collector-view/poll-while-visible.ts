/** Asks again and again while the page is seen: never two at a time, not while it is hidden, less often while it fails. */

const LONGEST_PAUSE_MS = 60_000;

export type Poll = {
  /** Asks now, or as soon as the question under way is answered. */
  readonly refresh: () => void;
  readonly stop: () => void;
};

/** Starts at once. `ask` says whether it got its answer, and throws nothing; each failure in a row doubles the pause. */
export function pollWhileVisible(ask: () => Promise<boolean>, everyMs: number): Poll {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAsking = false;
  let isWanted = false;
  let isStopped = false;
  let failures = 0;

  const run = async (): Promise<void> => {
    isWanted = true;
    clearTimeout(timer);
    if (isAsking) return;
    isAsking = true;
    while (isWanted && !document.hidden && !isStopped) {
      isWanted = false;
      failures = (await ask()) ? 0 : failures + 1;
    }
    isAsking = false;
    if (!document.hidden && !isStopped) timer = setTimeout(run, Math.min(everyMs * 2 ** failures, LONGEST_PAUSE_MS));
  };
  const onVisibility = (): void => {
    if (document.hidden) clearTimeout(timer);
    else void run();
  };
  document.addEventListener("visibilitychange", onVisibility);
  void run();
  return {
    refresh: () => void run(),
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisibility);
    },
  };
}

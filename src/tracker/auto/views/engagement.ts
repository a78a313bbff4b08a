/**
 * Time in front of the visitor: the page is visible and its window has the focus. Reported when the view ends, as much as
 * has come since the last report, so that the reports of a view add up.
 */
import type { Track } from "../../options.ts";
import { isPrerendering } from "../../prerendering.ts";
import type { ViewWatcher } from "./views.ts";

/** Less is not worth an event; it waits for more while the view lasts. */
const MIN_MS = 1000;

/** Tracks `engagement` with `ms`, never for time when the page was hidden, prerendered, in the background or cached. */
export function watchEngagement(track: Track): ViewWatcher {
  let totalMs = 0;
  /** When the time now running began; undefined while none runs. */
  let runningSince: number | undefined;
  let isAway = false;

  const addUp = (): void => {
    const now = performance.now();
    if (runningSince === undefined) return;
    totalMs += now - runningSince;
    runningSince = now;
  };
  const check = (event?: Event): void => {
    addUp();
    // As a page goes into the back/forward cache it is still visible, and a change of focus may come after it.
    if (event?.type === "pagehide") isAway = true;
    if (event?.type === "pageshow") isAway = false;
    const isInFront = !isAway && !document.hidden && !isPrerendering() && document.hasFocus();
    runningSince = isInFront ? performance.now() : undefined;
  };
  for (const type of ["focus", "blur", "pageshow", "pagehide"]) addEventListener(type, check);
  for (const type of ["visibilitychange", "prerenderingchange"]) document.addEventListener(type, check);
  check();

  return {
    onEnd: () => {
      addUp();
      if (totalMs < MIN_MS) return;
      track("engagement", { ms: Math.round(totalMs) });
      totalMs = 0;
    },
    onReset: () => {
      addUp();
      totalMs = 0;
    },
  };
}

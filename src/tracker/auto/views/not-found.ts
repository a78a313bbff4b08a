/** Missing pages: what the page, its script tag or the answer of its server calls not found. */
import type { Track } from "../../options.ts";
import type { ViewWatcher } from "./views.ts";

/** Tracks `not_found` once a view. `isMissing`: what the page was told to say of itself; undefined: it is looked at. */
export function watchNotFound(track: Track, isMissing: boolean | undefined): ViewWatcher {
  // Of a view that came later in the same document, neither its script tag nor the server's answer says anything.
  const loadedPath = location.pathname;
  return {
    onBegin: () => {
      const isSaid = document.querySelector('meta[name="passerby:not-found"]') !== null;
      const isLoaded = location.pathname === loadedPath && (isMissing ?? readStatus() === 404);
      if (isSaid || isLoaded) track("not_found");
    },
  };
}

/** The status of the answer that brought the page; undefined where browsers do not tell it (Safari before 26, say). */
function readStatus(): number | undefined {
  const [entry] = performance.getEntriesByType("navigation");
  return entry instanceof PerformanceNavigationTiming ? entry.responseStatus : undefined;
}

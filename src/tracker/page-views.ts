/**
 * Counts views of pages: the first load, every change of the path by the History API, and every return from the
 * back/forward cache. A change of query or fragment alone is no view.
 */

/** Time for a framework to set the new title, and for a redirect to replace an address that nobody saw. */
const SETTLE_MS = 100;

/**
 * Counts the present page and watches for others by their path; `count` is called once per view, when `location` and the title are
 * those of that view. Returns `settle`, which counts a view that is still settling: call it before anything that has
 * to come after that view.
 */
export function watchPageViews(readPath: () => string, count: () => void): () => void {
  let countedPath: string | undefined;

  const settle = (): void => {
    const path = readPath();
    if (path === countedPath) return;
    countedPath = path;
    count();
  };
  const settleSoon = (): unknown => setTimeout(settle, SETTLE_MS);

  settle();
  for (const method of ["pushState", "replaceState"] as const) {
    const original = history[method];
    history[method] = (...args): void => {
      // The page that is left was seen, however shortly; one that another takes the place of was not.
      if (method === "pushState") settle();
      original.apply(history, args);
      settleSoon();
    };
  }
  addEventListener("popstate", settleSoon);
  addEventListener("pageshow", (event) => {
    if (event.persisted) count();
  });
  return settle;
}

/**
 * Web vitals of real visits, loaded beside the core: LCP, INP, CLS, FCP and TTFB as the library web-vitals measures them,
 * each once a load and once a return from the back/forward cache, as `web_vital` with name and value.
 *
 * LCP, INP and CLS are final only when the page is left. web-vitals hears of that in the capture phase of
 * `visibilitychange` on the window, the core on the document, so that the last values leave in the core's last batch.
 * A page ends as well where the History API leads to another path: what follows would be told of a page that it was not
 * measured on. Browsers without the Navigation API do not tell of that
 * in time; there the values of such a page are given up.
 * Values of soft navigations, which Chromium alone has, are left out: they mean something else under the same names.
 */
import { onCLS, onFCP, onINP, onLCP, onTTFB } from "web-vitals";
import { addHooks, type Hooks, hasHooks } from "../hooks.ts";
import { gatherVitals } from "./gather-vitals.ts";

/** Known by its mark, so that a page that loads the script twice is measured once. */
type VitalsHooks = Hooks & { readonly reportsVitals: true };

/**
 * Starts to measure this page; a second call does nothing. Does nothing on a server and never throws.
 *
 * ```ts
 * import { reportWebVitals } from "passerby-tracker/vitals";
 * reportWebVitals();
 * ```
 */
export function reportWebVitals(): void {
  if (typeof document === "undefined") return;
  if (hasHooks("reportsVitals")) return;
  try {
    watchVitals();
  } catch {
    // A browser that lacks what is measured: the page is counted all the same.
  }
}

function watchVitals(): void {
  const vitals = gatherVitals(() => location.pathname);
  const report = (): void => {
    for (const vital of vitals.take()) window.passerby?.track("web_vital", vital);
  };
  const hooks: VitalsHooks = {
    reportsVitals: true,
    // `pagehide` comes first and would find the values of the moment before; `visibilitychange` follows (seen in Chromium).
    onLeave: () => document.hidden && report(),
  };
  addHooks(hooks);
  // All changes, since a page whose path changes ends without being hidden.
  const options = { reportAllChanges: true };
  for (const observe of [onTTFB, onFCP, onLCP, onCLS, onINP]) observe(vitals.measure, options);

  // The only event that comes while the address is still that of the page being left.
  window.navigation?.addEventListener("navigate", ({ navigationType, destination }) => {
    const { pathname } = new URL(destination.url);
    if (!destination.sameDocument || pathname === location.pathname) return;
    // An address that is replaced, say by one with a slash at its end, is another name of the page that was loaded.
    if (navigationType === "replace") vitals.follow(pathname);
    else {
      report();
      vitals.end();
    }
  });
}

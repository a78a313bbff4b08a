/**
 * Errors of a page, loaded beside the core by those who want them: what no handler of the page caught, as `js_error` with
 * message and source, scrubbed in the browser. Images and scripts that fail to load are none.
 *
 * A page view has at most ten, the same message and source once, so that an error in a loop costs one event. An error that
 * reporting itself causes is caught here, or is known already when it comes back.
 */
import { addHooks, type Hooks, hasHooks } from "../hooks.ts";
import { describeRaised, describeRejection, type ErrorFacts } from "./describe-error.ts";

const MAX_PER_VIEW = 10;

/** Known by its mark, so that a page that loads the script twice reports an error once. */
type ErrorHooks = Hooks & { readonly reportsErrors: true };

/**
 * Starts to report errors of this page; a second call does nothing. Does nothing on a server and never throws.
 *
 * ```ts
 * import { reportErrors } from "passerby-tracker/errors";
 * reportErrors();
 * ```
 */
export function reportErrors(): void {
  if (typeof document === "undefined") return;
  if (hasHooks("reportsErrors")) return;
  const seen = new Set<string>();
  // Started before the core, what it has seen by the first view belongs to that view.
  let isFirstView = !window.passerby?.settings;
  const hooks: ErrorHooks = {
    reportsErrors: true,
    onView: () => {
      if (!isFirstView) seen.clear();
      isFirstView = false;
    },
  };
  addHooks(hooks);

  const report = (describe: () => ErrorFacts | undefined): void => {
    try {
      const error = describe();
      const key = JSON.stringify(error);
      if (!error || seen.has(key) || seen.size >= MAX_PER_VIEW) return;
      // Before it is tracked: what goes wrong in there comes back here.
      seen.add(key);
      window.passerby?.track("js_error", error);
    } catch {
      // An error about an error helps nobody.
    }
  };
  addEventListener("error", (event) => report(() => (event instanceof ErrorEvent ? describeRaised(event) : undefined)));
  addEventListener("unhandledrejection", (event) => report(() => describeRejection(event.reason)));
}

/** Tells when a view of a page begins, changes and ends, as the core counts views. */
import { addHooks, type Hooks, hasHooks } from "../../hooks.ts";
import { watchAddress } from "./address-changes.ts";

/** Later than the core takes to count a view after a change of the address (page-views.ts). */
const SETTLED_MS = 200;

/** Each is optional. */
export type ViewWatcher = {
  /** A view has been counted. */
  readonly onBegin?: () => void;
  /** The query or the fragment is about to change; the view stays. */
  readonly onChange?: () => void;
  /**
   * The view may end: the page is hidden or left, or another view is about to take its place. It may come again for the
   * same view. What is tracked now is counted for the address of that view.
   */
  readonly onEnd?: () => void;
  /** Another view has taken its place, or is about to: what was gathered so far is none of its business. */
  readonly onReset?: () => void;
};

/** Says whether somebody watches the views of this page already. */
export function isWatched(): boolean {
  return hasHooks("isViewWatcher");
}

/** Tells the watchers of the present view and of all that come. */
export function watchViews(watchers: readonly ViewWatcher[]): void {
  const tell = (moment: keyof ViewWatcher): void => {
    for (const one of watchers) one[moment]?.();
  };
  let begun = viewOf(location);
  const begin = (): void => {
    begun = viewOf(location);
    tell("onBegin");
  };
  /** A view that another takes the place of before it was counted has nothing to tell. */
  const end = (): void => {
    if (viewOf(location) === begun) tell("onEnd");
  };
  const move = (): void => {
    tell("onReset");
    // The core tells of the next view by then; where it takes what comes for the same view, that goes on.
    setTimeout(() => {
      begun = viewOf(location);
    }, SETTLED_MS);
  };

  /** The view that begins now. The core tells of it, too, if it has yet to count it. */
  let known: string | undefined = begun;
  addEventListener("pagehide", () => {
    known = undefined;
  });
  const hooks: Hooks & { readonly isViewWatcher: true } = {
    isViewWatcher: true,
    onView: () => {
      if (viewOf(location) !== known) begin();
      known = undefined;
    },
    onLeave: end,
  };
  addHooks(hooks);
  begin();

  watchAddress({
    onChange: (next) => {
      if (viewOf(next) === viewOf(location)) return tell("onChange");
      end();
      move();
    },
    onChanged: () => (viewOf(location) === begun ? tell("onChange") : move()),
  });
}

/** What a view is told apart by: the path, and in a site whose pages are fragments, such as `#/about`, the fragment. */
function viewOf({ pathname, hash }: Pick<URL, "pathname" | "hash">): string {
  return pathname + (/^#[/!]/.test(hash) ? hash : "");
}

/**
 * How much of a page was seen: the part above the lower edge of the window at its lowest. It is reported when the view
 * ends, because a page is only as tall as it is then: content that came meanwhile counts, and an empty frame that waits
 * for its content does not count as seen to the end.
 */
import type { Track } from "../../options.ts";
import type { ViewWatcher } from "./views.ts";

const STEPS = [25, 50, 75, 90];

/** Tracks `scroll_depth` with `percent` 25, 50, 75 and 90, each once a view, for a page that was visible. */
export function watchScrollDepth(track: Track): ViewWatcher {
  let lowest = 0;
  let tallest = 0;
  let reported = 0;
  let wasVisible = false;
  let isPlanned = false;
  /** What scrolled last: the document, or an element that fills most of the window. */
  let scroller: Element | undefined;

  const measure = (): void => {
    const { scrollTop, clientHeight, scrollHeight } = scroller ?? findScroller();
    lowest = Math.max(lowest, scrollTop + clientHeight);
    tallest = Math.max(tallest, scrollHeight);
  };
  const onScroll = ({ target }: Event): void => {
    const scrolled = target instanceof Element ? target : document.scrollingElement;
    if (!scrolled || isPlanned) return;
    isPlanned = true;
    requestAnimationFrame(() => {
      isPlanned = false;
      if (!fillsWindow(scrolled)) return;
      scroller = scrolled;
      measure();
    });
  };
  const noteVisibility = (): void => {
    wasVisible ||= !document.hidden;
  };
  addEventListener("scroll", onScroll, { passive: true, capture: true });
  document.addEventListener("visibilitychange", noteVisibility);

  const reset = (): void => {
    lowest = tallest = 0;
    scroller = undefined;
    wasVisible = !document.hidden;
  };
  return {
    onBegin: () => {
      reset();
      reported = 0;
    },
    onEnd: () => {
      if (!wasVisible) return;
      measure();
      for (const percent of STEPS) {
        if (percent <= reported || lowest * 100 < percent * tallest) continue;
        reported = percent;
        track("scroll_depth", { percent });
      }
    },
    onReset: reset,
  };
}

function fillsWindow(element: Element): boolean {
  return element.clientHeight * 2 > innerHeight && element.clientWidth * 2 > innerWidth;
}

/** Finds what would scroll: the document, or where that fits the window, the element in its middle that does not. */
function findScroller(): Element {
  const root = document.scrollingElement ?? document.documentElement;
  if (root.scrollHeight > root.clientHeight) return root;
  let element = document.elementFromPoint(innerWidth / 2, innerHeight / 2);
  while (element && !(element.scrollHeight > element.clientHeight && fillsWindow(element) && canScroll(element))) {
    element = element.parentElement;
  }
  return element ?? root;
}

function canScroll(element: Element): boolean {
  return /auto|scroll/.test(getComputedStyle(element).overflowY);
}

/** Puts the parts together for one page, which has one tracker however often it is started. */
import { startDelivery } from "./delivery.ts";
import { makeEventId } from "./event-id.ts";
import { watchLinkClicks } from "./link-clicks.ts";
import type { Metadata, Track } from "./options.ts";
import { readPageFacts } from "./page-facts.ts";
import { watchPageViews } from "./page-views.ts";
import { isOptedOut } from "./privacy-signals.ts";
import { watchRemoteConfig } from "./remote-config.ts";

declare global {
  interface Window {
    /** The tracker of this page. */
    passerby?: { readonly track: Track };
  }
  interface Document {
    /** True while the page is loaded ahead of a visit that may never come; absent where browsers do not do that. */
    readonly prerendering?: boolean;
  }
}

/**
 * Starts the tracker of this page, unless it has one. `site` undefined: the collector goes by the host; `builtRate`: the
 * share of visitors to count unless the operator sets one.
 */
export function boot(apiBaseUrl: string, site: string | undefined, builtRate: number): void {
  if (window.passerby) return;
  let track: Track = () => {};
  window.passerby = { track: (...event) => whenShown(() => track(...event)) };
  // A copy of the page that was saved to a disk is opened with the protocol `file:`.
  if (isOptedOut() || !/^http/.test(location.protocol)) return;
  whenShown(() => {
    track = startTracking(apiBaseUrl.replace(/\/+$/, ""), site, builtRate);
  });
}

/** Runs now, or when a prerendered page is shown. A page works the same with the tracker, without it and in spite of it. */
function whenShown(act: () => void): void {
  if (document.prerendering) {
    document.addEventListener("prerenderingchange", () => whenShown(act));
    return;
  }
  try {
    act();
  } catch {
    // Metadata that are no JSON, or a browser older than the tracker: nobody visiting the page can do anything about it.
  }
}

function startTracking(apiBaseUrl: string, site: string | undefined, builtRate: number): Track {
  const delivery = startDelivery(apiBaseUrl, watchRemoteConfig(apiBaseUrl), builtRate);

  const record = (event: string, metadata?: Metadata): void => {
    delivery.queueEvent(
      JSON.stringify({
        event,
        event_id: makeEventId(Date.now()),
        timestamp: new Date().toISOString(),
        site,
        ...readPageFacts(),
        metadata,
      }),
    );
  };
  const settleView = watchPageViews(() => record("page_view", { path: location.pathname }));
  const track: Track = (name, metadata) => {
    settleView();
    record(name, metadata);
  };
  watchLinkClicks((metadata) => track("link_click", metadata));

  const leave = (): void => {
    settleView();
    delivery.sendNow();
  };
  document.addEventListener("visibilitychange", () => document.hidden && leave());
  addEventListener("pagehide", leave);
  return track;
}

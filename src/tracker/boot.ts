/** Puts the parts together for one page, which has one tracker however often it is started. */
import { startDelivery } from "./delivery.ts";
import { makeEventId } from "./event-id.ts";
import type { Hooks, Tell } from "./hooks.ts";
import type { Metadata, Track } from "./options.ts";
import { readPageFacts } from "./page-facts.ts";
import { watchPageViews } from "./page-views.ts";
import { isOptedOut } from "./privacy-signals.ts";
import { watchRemoteConfig } from "./remote-config.ts";

declare global {
  interface Document {
    /** True while the page is loaded ahead of a visit that may never come; absent where browsers do not do that. */
    readonly prerendering?: boolean;
  }
}

/**
 * Starts the tracker of this page, unless it has one. `site` undefined: the collector goes by the host; `sampleRate`: the
 * share of visitors to count unless the operator sets one.
 */
export function boot(apiBaseUrl: string, site: string | undefined, sampleRate: number): void {
  const { settings, hooks = [], early = [] } = window.passerby ?? {};
  if (settings) return;
  let track: Track = () => {};
  window.passerby = {
    track: (...event) => whenShown(() => track(...event)),
    hooks,
    settings: { apiBaseUrl, site, sampleRate },
  };
  // A copy of the page that was saved to a disk is opened with the protocol `file:`.
  if (isOptedOut() || !/^http/.test(location.protocol)) return;
  whenShown(() => {
    track = startTracking(apiBaseUrl.replace(/\/+$/, ""), site, sampleRate, hooks);
    for (const event of early) track(...event);
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

function startTracking(
  apiBaseUrl: string,
  site: string | undefined,
  sampleRate: number,
  hooks: readonly Hooks[],
): Track {
  /** What an extension throws is no trouble of the page or of the core. */
  const tell: Tell = (act) => {
    for (const one of hooks) whenShown(() => act(one));
  };
  const delivery = startDelivery({ apiBaseUrl, config: watchRemoteConfig(apiBaseUrl), sampleRate, tell });

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
  const settleView = watchPageViews(() => {
    record("page_view", { path: location.pathname });
    tell((one) => one.onView?.());
  });
  const track: Track = (name, metadata) => {
    settleView();
    record(name, metadata);
  };

  const leave = (): void => {
    settleView();
    tell((one) => one.onLeave?.());
    delivery.sendNow();
  };
  document.addEventListener("visibilitychange", () => document.hidden && leave());
  addEventListener("pagehide", leave);
  return track;
}

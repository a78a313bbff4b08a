/** Puts the parts together for one page, which has one tracker however often it is started. */

import { type DeliveryParts, startDelivery } from "./delivery.ts";
import { writeEvent } from "./event-json.ts";
import { findPasserby, type Passerby, type Settings, type Tell } from "./hooks.ts";
import type { Metadata } from "./options.ts";
import { watchPageViews } from "./page-views.ts";
import { isPrerendering } from "./prerendering.ts";
import { hasPrivacySignal } from "./privacy-signals.ts";

/** What `localStorage.passerby` holds for a visitor who does not want to be counted in this browser. */
const OFF = "off";

/** Starts the tracker of this page, unless it has one. `readPath` says what counts as the path of the page. */
export function boot(settings: Settings, readPath: () => string): void {
  const passerby = findPasserby();
  const { hooks, early } = passerby;
  if (passerby.settings) return;
  let wish = /passerby=(on|off)/.exec(location.search)?.[1];
  const remember = (next: string): void =>
    attempt(() => {
      wish = next;
      localStorage.passerby = next;
    });
  if (wish) remember(wish);
  /** Asked whenever something is about to happen, since another tab may have been told. */
  const isOut = (): boolean | undefined => {
    attempt(() => {
      wish = localStorage.passerby ?? wish;
    });
    // A copy of the page that was saved to a disk has no host.
    return wish === OFF || hasPrivacySignal() || !location.host;
  };
  /** What an extension throws is no trouble of the page or of the core. */
  const tell: Tell = (act) => hooks.map((one) => attempt(() => act(one)));
  passerby.optOut = () => remember(OFF);
  passerby.optIn = () => remember("on");
  passerby.settings = settings;
  const start = (): void =>
    attempt(() => {
      startTracking(passerby, { settings, tell, isOut }, readPath);
      early.map((event) => passerby.track(...event));
    });
  if (isPrerendering()) document.addEventListener("prerenderingchange", start);
  else start();
}

/** A page works the same with the tracker, without it and in spite of it. */
function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // Metadata that are no JSON, no storage, or a browser older than the tracker: nobody visiting can do anything about it.
  }
}

function startTracking(passerby: Passerby, parts: DeliveryParts, readPath: () => string): void {
  const { settings, tell, isOut } = parts;
  const delivery = startDelivery(parts);

  const record = (event: string, metadata?: Metadata): void =>
    attempt(() => {
      if (!isOut()) delivery.queueEvent(writeEvent(event, metadata, settings.site, readPath()));
    });
  const settleView = watchPageViews(readPath, () => {
    record("page_view", { path: readPath() });
    tell((one) => one.onView?.());
  });
  const leave = (): void => {
    settleView();
    tell((one) => one.onLeave?.());
    void delivery.leave();
  };
  addEventListener("visibilitychange", () => document.hidden && leave());
  addEventListener("pagehide", leave);
  passerby.requeue = delivery.queueEvent;
  passerby.track = (name, metadata) => {
    settleView();
    record(name, metadata);
  };
}

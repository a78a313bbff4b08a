/**
 * The tracker, and its entry for npm. It promises never to throw, never to hold up a page, to store nothing in the browser
 * on a healthy visit, to send no cookie, and to send nothing at all for a visitor whose browser says so (Global Privacy
 * Control, Do Not Track) or who has opted out.
 *
 * The flow: page-views.ts and the page's own `track` say that something happened; event-json.ts adds the facts of the page
 * and an id; event-queue.ts holds the event in memory; delivery.ts sends batches through transport.ts when remote-config.ts
 * has said that, and for which share of visitors (visitor-draw.ts), events may leave. What cannot be delivered while the
 * page lives goes to the outbox (outbox/); what had to be given up is counted, and the next batch carries the number.
 *
 * Importing it does nothing, so that it can be imported on a server.
 */
import { hashPath } from "./address.ts";
import { boot } from "./boot.ts";
import { findPasserby } from "./hooks.ts";
import type { Track, TrackerOptions } from "./options.ts";
import { keepOutbox } from "./outbox/index.ts";

export type { Metadata, OutboxPlace, Track, TrackerOptions } from "./options.ts";

/**
 * Starts the tracker of this page; a second call does nothing.
 *
 * ```ts
 * import { start, track } from "passerby-tracker";
 * start({ apiBaseUrl: "https://api.example.com" });
 * track("signup", { plan: "team" });
 * ```
 */
export function start(options: TrackerOptions = {}): void {
  if (typeof document === "undefined") return;
  // Replaced by Vite as it builds; elsewhere `import.meta.env` is undefined.
  const built = import.meta.env ?? {};
  const { apiBaseUrl = built.VITE_API_BASE_URL ?? "", site = built.VITE_METRICS_SITE || undefined } = options;
  const { sampleRate = Number(built.VITE_METRICS_SAMPLE_RATE || 1), hash = false, outbox } = options;
  if (!window.passerby?.settings) keepOutbox(outbox);
  const settings = { apiBaseUrl: apiBaseUrl.replace(/\/+$/, ""), site, sampleRate };
  boot(settings, () => (hash ? hashPath(location) : location.pathname));
}

/** Records that something happened, such as `track("signup", { plan: "team" })`. Does nothing on a server. */
export function track(...event: Parameters<Track>): void {
  if (typeof document === "undefined") return;
  // Before the start, as modules that are imported earlier may do, it waits for it.
  findPasserby().track(...event);
}

/** Counts this browser no more, from now on and on later pages, and forgets what waits to be sent. Does nothing on a server. */
export function optOut(): void {
  if (typeof document !== "undefined") window.passerby?.optOut?.();
}

/** Takes `optOut` back, from the next page on. Does nothing on a server. */
export function optIn(): void {
  if (typeof document !== "undefined") window.passerby?.optIn?.();
}

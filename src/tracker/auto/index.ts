/**
 * Automatic capture, loaded beside the core by those who want it: clicks on links, downloads, forms, depth of scrolling,
 * engagement, searches, missing pages, and events declared in the HTML. It promises what the core promises: never to throw,
 * never to hold up a page, to store nothing; and it never reads what a visitor writes into a form.
 *
 * The flow: what a visitor does (actions/) is reported as it happens; what belongs to a view (views/) hears from views.ts
 * when the view begins and ends, and is reported then.
 */
import type { Track } from "../options.ts";
import { watchClicks } from "./actions/clicks.ts";
import { readDeclaredClick, readDeclaredEvent } from "./actions/declared-events.ts";
import { nameForm } from "./actions/forms.ts";
import { describeLinkClick, FILE_EXTENSIONS } from "./actions/link-clicks.ts";
import { watchSubmits } from "./actions/submits.ts";
import type { CaptureOptions } from "./capture-options.ts";
import { watchEngagement } from "./views/engagement.ts";
import { watchNotFound } from "./views/not-found.ts";
import { watchScrollDepth } from "./views/scroll-depth.ts";
import { SEARCH_PARAMETERS, watchSearches } from "./views/searches.ts";
import { isWatched, watchViews } from "./views/views.ts";

export type { CaptureOptions } from "./capture-options.ts";

/**
 * Starts automatic capture on this page, before the core is started or after; a second call does nothing.
 *
 * ```ts
 * import { start } from "passerby-tracker";
 * import { capture } from "passerby-tracker/auto";
 * start({ apiBaseUrl: "https://api.example.com" });
 * capture({ scrollDepth: false, download: ["pdf", "gpx"] });
 * ```
 */
export function capture(options: CaptureOptions = {}): void {
  if (typeof document === "undefined") return;
  try {
    // Asked later than now, because the core puts its own `track` in the place of the one that waits for it.
    startCapture(options, (...event) => window.passerby?.track(...event));
  } catch {
    // Options of a wrong type, or a browser older than the tracker: the page works the same without.
  }
}

function startCapture(options: CaptureOptions, track: Track): void {
  if (isWatched()) return;
  const isOn = (name: keyof CaptureOptions): boolean => options[name] !== false;
  const { search, download, notFound } = options;
  const usualExtensions = isOn("download") ? FILE_EXTENSIONS : [];
  const extensions = Array.isArray(download) ? download.map((one) => one.toLowerCase()) : usualExtensions;

  const watchers = [
    isOn("search") && watchSearches(track, Array.isArray(search) ? search : SEARCH_PARAMETERS),
    isOn("notFound") && watchNotFound(track, notFound),
    isOn("scrollDepth") && watchScrollDepth(track),
    isOn("engagement") && watchEngagement(track),
  ];
  watchViews(watchers.filter((watcher) => watcher !== false));
  watchClicks(({ path, link }) => {
    const click = link && describeLinkClick(link, extensions);
    if (click && (click[0] === "download" || isOn("linkClick"))) track(...click);
    const event = isOn("declared") && readDeclaredClick(path);
    if (event) track(...event);
  });
  watchSubmits((form) => {
    if (isOn("formSubmit")) track("form_submit", { form: nameForm(form) });
    const event = isOn("declared") && readDeclaredEvent(form);
    if (event) track(...event);
  });
}

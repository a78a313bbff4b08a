/**
 * The tracker for a script tag: takes its settings from the tag, and the collector from where the script came from.
 *
 * `<script defer src="https://api.example.com/passerby.js" data-site="example.com"></script>`
 *
 * `data-api` names another collector, `data-sample-rate` the share of visitors, `data-outbox` where events wait out an
 * outage; `data-hash` stands for a site whose pages are `#/about`. Afterwards there is `window.passerby.track(name, metadata)`.
 */
import { boot } from "./boot.ts";

// Only during the first run of a classic script does the document say which script it is.
const script = document.currentScript;
if (script && "src" in script) {
  const { site, api, sampleRate } = script.dataset;
  const apiBaseUrl = (api ?? new URL(script.src).origin).replace(/\/+$/, "");
  boot({ apiBaseUrl, site, sampleRate: +(sampleRate || 1) }, () => location.pathname);
}

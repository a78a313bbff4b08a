/**
 * The tracker with its outbox in one script, which is what most sites want:
 *
 * `<script defer src="https://api.example.com/passerby-full.js" data-site="example.com"></script>`
 *
 * It takes the attributes of the core's tag (script.ts), `data-outbox="session|local|memory"`, and `data-hash` for a site
 * whose pages are `#/about`.
 */
import { hashPath } from "../address.ts";
import { boot } from "../boot.ts";
import { keepOutbox } from "../outbox/index.ts";
import { readPlace } from "../outbox/read-place.ts";

// Only during the first run of a classic script does the document say which script it is.
const script = document.currentScript;
if (script && "src" in script) {
  const { site, api, sampleRate, hash, outbox } = script.dataset;
  const apiBaseUrl = (api ?? new URL(script.src).origin).replace(/\/+$/, "");
  keepOutbox(readPlace(outbox));
  const isHash = hash !== undefined;
  boot({ apiBaseUrl, site, sampleRate: +(sampleRate || 1) }, () => (isHash ? hashPath(location) : location.pathname));
}

/**
 * Automatic capture for a script tag, beside that of the core, before it or after.
 *
 * `<script defer src="https://api.example.com/passerby-auto.js" data-scroll-depth="off" data-download="pdf,gpx"></script>`
 */
import { readCaptureOptions } from "./capture-options.ts";
import { capture } from "./index.ts";

// Only during the first run of a classic script does the document say which script it is.
const script = document.currentScript;
if (script instanceof HTMLScriptElement) capture(readCaptureOptions(script.dataset));

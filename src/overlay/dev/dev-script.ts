/**
 * The switch of the overlay for a script tag beside the tracker's, in any order:
 *
 * `<script defer src="https://api.example.com/passerby-dev.js"></script>`
 *
 * With `?dev=1` it loads `passerby-overlay.js` from where it came from itself; without, it does nothing more.
 */
import { followDevMode } from "./dev-mode.ts";
import { loadScriptBeside } from "./load-script.ts";

// Only during the first run of a classic script does the document say which script it is.
const script = document.currentScript;
if (script instanceof HTMLScriptElement) followDevMode(() => loadScriptBeside(script, "passerby-overlay.js"));

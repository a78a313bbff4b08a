/**
 * Identity for a script tag. Before that of the core, the first event has the id, too; after it, those from then on:
 *
 * `<script defer src="https://api.example.com/passerby-identity.js" data-mode="session"></script>`
 *
 * Afterwards there is `window.passerby.consent(isGiven)`, for `data-mode="persistent"`.
 */
import { identify } from "./index.ts";

// Only during the first run of a classic script does the document say which script it is.
const script = document.currentScript;
if (script instanceof HTMLScriptElement) {
  const { mode } = script.dataset;
  identify({ mode: mode === "session" || mode === "persistent" ? mode : "daily" });
}

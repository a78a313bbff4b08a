/** The overlay for a page without a bundler, `passerby-overlay.js`; `passerby-dev.js` loads it. */
import { showOverlay } from "./overlay.ts";

showOverlay();

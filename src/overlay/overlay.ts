/**
 * The overlay, and its entry for npm, `passerby-tracker/overlay`: `<passerby-panel>` and `<passerby-badge>` show the owner
 * on the page itself what is sent and what becomes of it.
 *
 * The flow: the tracker tells each step of an event (tracker/hooks.ts); events/step-recorder.ts remembers them;
 * events/page-events.ts makes of them what has become of each event, with events/event-receipts.ts reading the collector's
 * answers; collector-view/ asks the collector; panel/ and badge/ show all that. What comes from the network or the page is
 * shown as text and never as HTML. Nothing here is part of the tracker, and a visitor who has not asked for it loads none
 * of it.
 *
 * Importing it does nothing, so that it can be imported on a server.
 */
import { defineBadge } from "./badge/badge-element.ts";
import { recordSteps } from "./events/step-recorder.ts";
import { definePanel, placePanel } from "./panel/panel-element.ts";

/** Makes `<passerby-panel>` and `<passerby-badge>` known to the browser. Does nothing on a server. */
export function defineOverlay(): void {
  if (typeof document === "undefined") return;
  recordSteps();
  definePanel();
  defineBadge();
}

/** Shows the panel on this page, unless it has one already, and lets its badges work. Does nothing on a server. */
export function showOverlay(): void {
  if (typeof document === "undefined") return;
  defineOverlay();
  placePanel();
}

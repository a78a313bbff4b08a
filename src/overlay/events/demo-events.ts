/** Events to try the way to the collector with; their names say that they are nothing real. */
/** Names of the demo events. */
export const DEMO_EVENTS = ["demo_click", "demo_signup", "demo_purchase"] as const;

/** Tracks one event of each name through the tracker of this page. */
export function sendDemoEvents(): void {
  for (const name of DEMO_EVENTS) window.passerby?.track(name, { demo: true });
}

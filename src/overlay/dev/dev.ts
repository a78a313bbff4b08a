/** The switch of the overlay for npm, `passerby-tracker/dev`: the overlay itself is imported only when it is on. */
import { followDevMode } from "./dev-mode.ts";

/**
 * Shows the overlay on this page if `?dev=1` has turned it on in this browser; otherwise nothing of it is loaded. Call it
 * once, before or after `start`. Does nothing on a server.
 *
 * ```ts
 * import { watchDevMode } from "passerby-tracker/dev";
 * watchDevMode();
 * ```
 */
export function watchDevMode(): void {
  if (typeof document === "undefined") return;
  followDevMode(() => {
    import("../overlay.ts").then(
      ({ showOverlay }) => showOverlay(),
      // A file that cannot be had is no trouble of the page.
      () => {},
    );
  });
}

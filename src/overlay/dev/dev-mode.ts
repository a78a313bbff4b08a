/**
 * The switch of the overlay: `?dev=1` in the address turns it on for this browser, `?dev=0` off. While it is off, nothing
 * of the overlay is asked for.
 */
import { addHooks } from "../../tracker/hooks.ts";
import { DEV_MODE_EVENT, DEV_MODE_KEY } from "../dev-mode-flag.ts";
import { recordSteps } from "../events/step-recorder.ts";

/** Reads the switch, tracks that it was turned, and calls `load` when it is on. Throws nothing. */
export function followDevMode(load: () => void): void {
  const asked = new URLSearchParams(location.search).get("dev");
  const wasOn = isRemembered();
  const isOn = asked === "1" || (wasOn && asked !== "0");
  if (isOn !== wasOn) {
    remember(isOn);
    dispatchEvent(new Event(DEV_MODE_EVENT));
    addHooks({}).track(isOn ? "dev_mode_enabled" : "dev_mode_disabled");
  }
  if (!isOn) return;
  // From now on, because the overlay comes only when the first events are on their way.
  recordSteps();
  load();
}

/** A browser whose storage is blocked remembers nothing: the switch is for the page that was opened with it. */
function isRemembered(): boolean {
  try {
    return localStorage.getItem(DEV_MODE_KEY) === "1";
  } catch {
    return false;
  }
}

function remember(isOn: boolean): void {
  try {
    if (isOn) localStorage.setItem(DEV_MODE_KEY, "1");
    else localStorage.removeItem(DEV_MODE_KEY);
  } catch {
    // See above.
  }
}

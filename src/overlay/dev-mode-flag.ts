/** Whether this browser is in dev mode, which `?dev=1` turns on and `?dev=0` off: a flag that lies in the browser only. */

/** Key of the flag in localStorage; it holds `1` while dev mode is on. */
export const DEV_MODE_KEY = "passerby-dev";

/** Name of the event that a window gets when the flag has been changed by a script of its own page. */
export const DEV_MODE_EVENT = "passerby-dev";

/** Says whether dev mode is on; false on a server, and where the browser's storage is blocked. */
export function isDevMode(): boolean {
  try {
    return typeof document !== "undefined" && localStorage.getItem(DEV_MODE_KEY) === "1";
  } catch {
    return false;
  }
}

/** Calls back when dev mode may have been turned on or off, here or in another tab. Returns what ends that. */
export function watchDevMode(onChange: () => void): () => void {
  addEventListener("storage", onChange);
  addEventListener(DEV_MODE_EVENT, onChange);
  return () => {
    removeEventListener("storage", onChange);
    removeEventListener(DEV_MODE_EVENT, onChange);
  };
}

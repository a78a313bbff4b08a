/** The ids in the browser's storage. Where a browser denies it, nothing is found and nothing is kept, without an exception. */
import { makeVisitorId, readStoredId, writeStoredId } from "./stored-id.ts";

/** The only key of this entry, in either storage. */
const KEY = "passerby-visitor";

/** `sessionStorage` lives as long as the tab, `localStorage` until it is cleared. */
export type Place = "sessionStorage" | "localStorage";

/** Returns the id that is kept, or undefined; a text that holds no valid id is removed. */
export function findId(place: Place): string | undefined {
  return attempt(() => {
    const text = window[place].getItem(KEY);
    const id = readStoredId(text, Date.now());
    if (text !== null && id === undefined) forgetId(place);
    return id;
  });
}

/** Returns the id that is kept, as it is, or else keeps a new one; undefined when the browser does not keep it. */
export function keepId(place: Place): string | undefined {
  return attempt(() => {
    const kept = findId(place);
    if (kept !== undefined) return kept;
    const id = makeVisitorId();
    window[place].setItem(KEY, writeStoredId(id, Date.now()));
    return id;
  });
}

/** Removes the id, if there is one. */
export function forgetId(place: Place): void {
  attempt(() => window[place].removeItem(KEY));
}

/** Says whether the visitor has told the core on this browser not to count them. */
export function isTurnedOff(): boolean {
  return attempt(() => localStorage.getItem("passerby") === "off") ?? false;
}

/** Storage that is blocked throws as it is named, that is full as it is written; in some web views it is null. */
function attempt<Result>(act: () => Result): Result | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

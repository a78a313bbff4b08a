/** How the panel was left, for the next page of this tab. */

export type PanelPlace = { readonly isOpen: boolean; readonly isLeft: boolean };

const KEY = "passerby-panel";

/** Reads it; open at the right where nothing is known. */
export function readPlace(): PanelPlace {
  try {
    const [state, side] = (sessionStorage.getItem(KEY) ?? "").split(" ");
    return { isOpen: state !== "closed", isLeft: side === "left" };
  } catch {
    return { isOpen: true, isLeft: false };
  }
}

/** Remembers it, where the browser lets us. */
export function keepPlace({ isOpen, isLeft }: PanelPlace): void {
  try {
    sessionStorage.setItem(KEY, `${isOpen ? "open" : "closed"} ${isLeft ? "left" : "right"}`);
  } catch {
    // The next page shows it anew.
  }
}

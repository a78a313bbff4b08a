/** Hears of every click that does something, by whatever button, also in open shadow trees. */

/** What was clicked: the elements around the click, innermost first, and the link among them. */
export type Click = { readonly path: readonly EventTarget[]; readonly link: HTMLAnchorElement | undefined };

/** Calls `act` for each click, before the page does anything about it. A key that activates an element is a click too. */
export function watchClicks(act: (click: Click) => void): void {
  const onClick = (event: MouseEvent): void => {
    const path = event.composedPath();
    const link = path.find((node) => node instanceof HTMLAnchorElement);
    // Button 1 is the middle one, which opens links and nothing else; auxclick comes for the others too.
    if (event.button === 0 || (event.button === 1 && link)) act({ path, link });
  };
  // In the capture phase, so that a click whose event the page stops is counted too.
  addEventListener("click", onClick, true);
  addEventListener("auxclick", onClick, true);
}

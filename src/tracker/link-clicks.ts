/** Reports clicks on links that lead to another host, by any button that opens them. */
import type { Metadata } from "./options.ts";

/**
 * Calls `report` with `href` (scheme, host and path) and `text` (at most 64 characters) for each click on an outbound
 * http(s) link, also in open shadow trees. Mailto, tel and javascript links are none.
 */
export function watchLinkClicks(report: (metadata: Metadata) => void): void {
  const onClick = (event: MouseEvent): void => {
    const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
    // Button 1 is the middle one; auxclick comes for the others too, which open nothing.
    if (!link || event.button > 1 || !/^http/.test(link.protocol) || link.host === location.host) return;
    report({
      href: link.origin + link.pathname,
      text: link.textContent.replace(/\s+/g, " ").trim().slice(0, 64),
    });
  };
  // In the capture phase, so that a click whose event the page stops is counted too.
  addEventListener("click", onClick, true);
  addEventListener("auxclick", onClick, true);
}

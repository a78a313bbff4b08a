/** Writes an event with what it says about the page it happened on. Nothing here tells visitors apart. */
import { reducePageAddress, withoutQuery } from "./address.ts";
import { makeEventId } from "./event-id.ts";
import type { Metadata } from "./options.ts";

/**
 * Returns an event that happens now, on the page with a path, as JSON. Facts of the page that the collector would refuse are left out, never the
 * event; the language of the visitor is in the request's own header. Throws for metadata that are no JSON.
 */
export function writeEvent(
  event: string,
  metadata: Metadata | undefined,
  site: string | undefined,
  path: string,
): string {
  return JSON.stringify({
    event,
    event_id: makeEventId(Date.now()),
    timestamp: new Date(),
    site,
    url: reducePageAddress(location, path),
    title: document.title.slice(0, 256),
    referrer: withoutQuery(document.referrer) || undefined,
    metadata,
  });
}

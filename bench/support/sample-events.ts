/** Sample events for stores and logs: some 200 visitors at a time, each for 12 events on average, over 30 days. */
import type { AcceptedEvent } from "../../src/event.ts";

/** When the first one is received (milliseconds since 1970), and how long after it the last. */
const SAMPLE_START = Date.parse("2026-10-01T00:00:00Z");
const SAMPLE_MS = 2_592_000_000;

type Drawn = { readonly index: number; readonly visitor: number; readonly page: number; readonly atMs: number };

/** An event that is the same but for what is drawn, and what `changes` says. */
export function sampleEvent({ index, visitor, page, atMs }: Drawn, changes: Partial<AcceptedEvent>): AcceptedEvent {
  const at = new Date(atMs).toISOString();
  return {
    event: "page_view",
    visitorId: `visitor-${visitor}`,
    timestamp: at,
    metadata: { path: `/page-${page}` },
    eventId: `018f0000-0000-7000-8000-${index.toString(16).padStart(12, "0")}`,
    site: "a.com",
    url: `https://a.com/page-${page}`,
    title: `Page ${page}`,
    screen: "1440x900",
    language: "en-GB",
    sampleRate: 1,
    receivedAt: at,
    serverSampleRate: 1,
    browser: "Firefox",
    os: "Linux",
    device: "desktop",
    isBot: false,
    ...changes,
  };
}

/** Event number `index` of a stream of so many: a page view or, one in five, a click; nothing is drawn at random. */
export function streamEvent(index: number, events: number): AcceptedEvent {
  const visitor = Math.floor(index / 2_400) * 200 + ((index * 7_919) % 200);
  const page = Math.floor(2_000 ** (((index * 104_729) % 10_007) / 10_007));
  const atMs = SAMPLE_START + Math.floor((index * SAMPLE_MS) / events);
  return sampleEvent(
    { index, visitor, page, atMs },
    {
      event: index % 5 === 0 ? "link_click" : "page_view",
      ...(visitor % 3 === 0 && { source: "google", referrer: "https://google/" }),
    },
  );
}

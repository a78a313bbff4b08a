/** Sealed shards of sample events, as a collector would have left them: 30 days, some 200 visitors at a time. */
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { AcceptedEvent } from "../../src/event.ts";
import { sealedName } from "../../src/log/files/log-files.ts";
import { encodeLines } from "../../src/log/write/encode-line.ts";

const START = Date.parse("2026-10-01T00:00:00Z");
const LENGTH_MS = 2_592_000_000;
const SHARD_BYTES = 67_108_864;
const WRITE_EVENTS = 5_000;

/** Writes so many events into a folder as shards of 64 MiB. */
export function writeSampleShards(dataDir: string, events: number): void {
  let number = 0;
  for (let next = 0; next < events; ) {
    number += 1;
    const name = sealedName({ writer: 1, day: "2026-10-31", number });
    const file = openSync(join(dataDir, name), "wx");
    for (let bytes = 0; bytes < SHARD_BYTES && next < events; ) {
      const size = Math.min(WRITE_EVENTS, events - next);
      const made = Array.from({ length: size }, (_, at) => makeEvent(next + at, events));
      bytes += writeSync(file, encodeLines(made, { writer: "w1", start: "bench", seq: next }));
      next += size;
    }
    closeSync(file);
  }
}

/** A page view or, one in five, a click; a visitor has 12 events on average. */
function makeEvent(index: number, events: number): AcceptedEvent {
  const visitor = Math.floor(index / 2_400) * 200 + ((index * 7_919) % 200);
  const at = new Date(START + Math.floor((index * LENGTH_MS) / events)).toISOString();
  const page = Math.floor(2_000 ** (((index * 104_729) % 10_007) / 10_007));
  return {
    event: index % 5 === 0 ? "link_click" : "page_view",
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
    ...(visitor % 3 === 0 && { source: "google", referrer: "https://google/" }),
  };
}

/**
 * What do live data cost: an event in the ring in memory, a push with a hundred readers of the stream (all that
 * acknowledging waits for), rendering, a snapshot? Reference: JSON.stringify of the same event. The events of the ring
 * are read back from lines, as after a restart. Run: npm run bench -- live
 */
import { Writable } from "node:stream";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { bench, do_not_optimize, run, summary } from "mitata";
import type { AcceptedEvent } from "../src/event.ts";
import { createEventStream } from "../src/live/event-stream.ts";
import { createRing, type Ring } from "../src/live/ring.ts";
import { fullSnapshot, redactedSnapshot } from "../src/live/snapshot.ts";
import { makeMessages } from "../src/live/stream-message.ts";
import { decodeLine, isStoredEvent } from "../src/log/read/decode-line.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function makeEvent(index: number): AcceptedEvent {
  const line = JSON.stringify({
    ...{ v: 1, seq: index, writer: "w1", start: "s1", event: "page_view", visitor_id: `mFh1jK2l3M4n5O6p7Q8r${index}` },
    ...{ timestamp: "2026-11-23T12:34:56.789Z", metadata: { path: `/pricing/${index}` } },
    ...{ event_id: `0190163d-8694-739b-aea5-${String(index).padStart(12, "0")}`, site: "example.com" },
    ...{ url: `https://example.com/pricing/${index}?utm_source=news`, referrer: "https://www.google.com/" },
    ...{ title: `Pricing ${index}`, screen: "1440x900", language: "en-GB", sample_rate: 1, server_sample_rate: 1 },
    ...{ received_at: "2026-11-23T12:34:57.000Z", browser: "Firefox", browser_version: "143", os: "Linux" },
    ...{ device: "desktop", channel: "Organic Search", source: "Google", is_bot: false },
  });
  const event = decodeLine(line);
  if (!isStoredEvent(event)) throw new Error(event.message);
  return event;
}

function fillRing(capacity: number): Ring {
  const ring = createRing(capacity);
  for (let index = 0; index < capacity; index += 1) ring.push([makeEvent(index)]);
  return ring;
}

function usedBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const EVERYTHING = { site: undefined, event: undefined };
const before = usedBytes();
const large = fillRing(100_000);
const held = usedBytes();
const messages = makeMessages()(large.newestFirst(), EVERYTHING);
const sent = usedBytes();
if (messages.length !== large.size()) throw new Error("the answers are wrong");
console.log(`an event in the ring: ${Math.round((held - before) / large.size())} bytes in memory`);
console.log(`more once it was sent to a reader: ${Math.round((sent - held) / large.size())} bytes\n`);

const usual = fillRing(500);
const batch = Array.from({ length: 20 }, (_, index) => makeEvent(index));
const read = createRing(500);
const stream = createEventStream(read);
for (let reader = 0; reader < 100; reader += 1) {
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  stream.open({ filter: EVERYTHING, lastEventId: undefined, mayGoOn: () => true, output });
}
const filter = { limit: 50, site: "example.com" };

summary(() => {
  bench("JSON.stringify of an event (reference)", () => do_not_optimize(JSON.stringify(batch[0]))).baseline(true);
  bench("render an event", () => do_not_optimize(makeMessages()(batch.slice(0, 1), EVERYTHING)));
  bench("push 20 events, 100 readers", () => read.push(batch));
  for (const ring of [usual, large]) {
    bench(`snapshot for anyone, ring of ${ring.capacity}`, () =>
      do_not_optimize(redactedSnapshot(ring, filter, { fileBytes: 0, publicEvents: [] })),
    );
    bench(`snapshot for a key, ring of ${ring.capacity}`, () =>
      do_not_optimize(fullSnapshot(ring, filter, { fileBytes: 0, nowMs: 0 })),
    );
  }
});

await run();
await stream.close();

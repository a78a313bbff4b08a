/** Random streams of events, made so that the hard cases meet: gaps of exactly 30 minutes, clock changes, repeats. */
import fc from "fast-check";
import type { AcceptedEvent, StoredEvent } from "../../src/event.ts";

/** When streams begin: a day before clocks change somewhere. */
const STARTS = ["2024-11-02T09:00:00Z", "2024-03-09T09:00:00Z", "2026-10-24T09:00:00Z", "2026-03-28T09:00:00Z"];
export const ZONES: readonly string[] = [
  "UTC",
  "America/New_York",
  "Europe/Berlin",
  "Asia/Kathmandu",
  "Australia/Sydney",
  "Asia/Calcutta",
];
export const SITES: readonly string[] = ["a.com", "b.org"];
const NAMES = ["page_view", "page_view", "page_view", "signup", "link_click", "engagement", "web_vital", "50%_off"];
export const PATHS: readonly string[] = [
  "/",
  "/a",
  "/a%25b_c",
  "/p_q",
  "/pXq",
  "/%E4%BD%A0",
  "/';%20DROP%20TABLE%20events;--",
];
export const SOURCES: readonly (string | undefined)[] = [
  undefined,
  "google",
  "news.example",
  "O'Reilly",
  "100%",
  "(not set)",
];
const RATES = [1, 0.5, 0.25];

type Draft = {
  readonly visitor: number;
  readonly site: number;
  readonly minute: number;
  readonly late: number;
  readonly name: number;
  readonly path: number;
  readonly source: number;
  readonly rate: number;
  readonly session: number;
  readonly flags: number;
  readonly id: string;
};

const draft: fc.Arbitrary<Draft> = fc.record({
  visitor: fc.nat({ max: 4 }),
  site: fc.constantFrom(0, 0, 0, 1),
  // Steps of 10 minutes over two days: gaps of exactly half an hour are frequent, and ties too.
  minute: fc.nat({ max: 288 }),
  late: fc.constantFrom(0, 0, 0, 1, 1_000),
  name: fc.nat({ max: NAMES.length - 1 }),
  path: fc.nat({ max: PATHS.length - 1 }),
  source: fc.nat({ max: SOURCES.length - 1 }),
  rate: fc.nat({ max: RATES.length - 1 }),
  session: fc.constantFrom(0, 0, 0, 0, 1, 2),
  flags: fc.nat({ max: 19 }),
  id: fc.uuid(),
});

/** One stream: events in the order in which they were received, some of them twice. */
export type Stream = { readonly start: number; readonly events: readonly AcceptedEvent[] };

/** Streams of up to `size` events. Some are sampled, and then a visitor's rate may change on the way. */
export function streams(size: number): fc.Arbitrary<Stream> {
  return fc
    .record({
      start: fc.constantFrom(...STARTS),
      isSampled: fc.boolean(),
      drafts: fc.array(draft, { maxLength: size, size: "max" }),
      repeats: fc.array(fc.nat({ max: 1_000 }), { maxLength: 5 }),
    })
    .map(({ start, isSampled, drafts, repeats }) => {
      const startMs = Date.parse(start);
      const events = drafts.map((made) => toEvent(made, startMs, isSampled));
      for (const repeat of repeats) {
        const event = events[repeat % Math.max(1, events.length)];
        if (event) events.splice((repeat * 7) % events.length, 0, event);
      }
      return { start: startMs, events };
    });
}

function toEvent(made: Draft, startMs: number, isSampled: boolean): AcceptedEvent {
  const timestamp = new Date(startMs + made.minute * 600_000 + made.late).toISOString();
  const isSmoke = made.flags === 0;
  const source = SOURCES[made.source];
  const path = PATHS[made.path] ?? "/";
  return {
    event: isSmoke ? "smoke_test" : (NAMES[made.name] ?? "page_view"),
    visitorId: made.flags === 1 ? "smoke-visitor" : `visitor-${made.visitor}`,
    timestamp,
    metadata: { odd: "\u0000\ud83d\ude00'\"" },
    eventId: made.id,
    site: SITES[made.site] ?? "a.com",
    sampleRate: isSampled ? (RATES[made.rate] ?? 1) : 1,
    receivedAt: timestamp,
    serverSampleRate: isSampled && made.visitor === 3 ? 0.5 : 1,
    device: made.visitor % 2 === 0 ? "desktop" : "mobile",
    isBot: made.visitor === 4 && made.flags % 2 === 0,
    ...(made.flags !== 2 && { url: `https://${SITES[made.site]}${path}?utm_source=x#top` }),
    ...(made.session > 0 && { sessionId: `client-session-${made.session}` }),
    ...(source !== undefined && { source }),
    ...(made.visitor !== 2 && { browser: "Firefox", os: made.flags > 9 ? "Linux" : "Windows" }),
  };
}

/** The event as the log would give it back. */
export function asStored(event: AcceptedEvent): StoredEvent {
  return { ...event, v: 1, seq: 0, writer: "w1", start: "start" };
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AcceptedEvent, EVENT_FIELDS } from "../event.ts";
import { createRing } from "./ring.ts";
import { fullSnapshot, redactedSnapshot } from "./snapshot.ts";
import { toWire } from "./wire-event.ts";

function storedEvent(event: string, change: Partial<AcceptedEvent> = {}): AcceptedEvent {
  return {
    event,
    visitorId: "visitor-1",
    timestamp: "2026-11-23T12:34:56.789Z",
    receivedAt: "2026-11-23T12:34:57.000Z",
    metadata: { secret: "plan" },
    eventId: "0190163d-8694-739b-aea5-966c26f8ad91",
    site: "a.com",
    sampleRate: 1,
    serverSampleRate: 1,
    device: "desktop",
    isBot: false,
    ...change,
  };
}

describe("the snapshot for anyone", () => {
  const ring = createRing(10);
  ring.push([
    storedEvent("page_view"),
    storedEvent("signup"),
    storedEvent("page_view"),
    storedEvent("page_view", { site: "b.org" }),
  ]);
  const snapshot = redactedSnapshot(ring, { limit: 2, site: "a.com" }, { fileBytes: 123, publicEvents: [] });

  it("counts one site's events, most frequent first", () => {
    expect(snapshot).toMatchObject({
      total: 3,
      by_event: [
        { event: "page_view", count: 2 },
        { event: "(custom)", count: 1 },
      ],
      file_size_bytes: 123,
    });
  });

  it("shows nothing of an event but its kind and minute", () => {
    expect(snapshot.last_events).toEqual([
      { event: "page_view", timestamp: "2026-11-23T12:34:00.000Z", visitor_id: "redacted" },
      { event: "(custom)", timestamp: "2026-11-23T12:34:00.000Z", visitor_id: "redacted" },
    ]);
    expect(JSON.stringify(snapshot)).not.toMatch(/visitor-1|signup|plan|0190163d/);
  });

  it("does not tell whether a custom name exists", () => {
    const filter = { limit: 5, site: "a.com", event: "signup" };
    expect(redactedSnapshot(ring, filter, { fileBytes: 0, publicEvents: [] }).total).toBe(0);
  });

  it("shows the names that the owner declared", () => {
    const known = { fileBytes: 0, publicEvents: ["signup"] };
    const { by_event, total } = redactedSnapshot(ring, { limit: 5, site: "a.com", event: "signup" }, known);
    expect({ by_event, total }).toEqual({ by_event: [{ event: "signup", count: 1 }], total: 1 });
  });

  it("does not tell by since at which second of its minute an event came", () => {
    const totalSince = (since: string): number =>
      redactedSnapshot(ring, { limit: 5, site: "a.com", since }, { fileBytes: 0, publicEvents: [] }).total;
    expect(totalSince("2026-11-23T12:34:58.000Z")).toBe(3);
    expect(totalSince("2026-11-23T12:35:00.000Z")).toBe(0);
  });
});

const CANARY = "canary";

/** Any JSON whose every key and every text is a canary. */
const canaryJson = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.nat().map((n) => `${CANARY}${n}`),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.nat().map((n) => `${CANARY}-key${n}`),
      tie("value"),
      { maxKeys: 3 },
    ),
  ),
})).value;

/** An event that has every field there is, each with a canary in it where its type has room for one. */
const canaryEvent = fc
  .record({
    event: fc.oneof(fc.constantFrom("page_view", "declared"), fc.string({ maxLength: 50 })),
    metadata: fc.dictionary(
      fc.nat().map((n) => `${CANARY}-key${n}`),
      canaryJson,
    ),
    second: fc.integer({ min: 10, max: 59 }),
  })
  .map(({ event, metadata, second }): AcceptedEvent => {
    const fields = Object.fromEntries(EVENT_FIELDS.map(({ key }) => [key, `${CANARY}-${key}`]));
    const name = event === "page_view" || event === "declared" ? event : `${CANARY}${event}`;
    const time = `2026-11-23T12:34:${second}.789Z`;
    return { ...storedEvent(name), ...fields, event: name, metadata, site: "a.com", timestamp: time, receivedAt: time };
  });

describe("the snapshot for anyone, of events that have every field set", () => {
  const known = { fileBytes: 7, publicEvents: ["declared"] };

  it("holds nothing but the allow-list", () => {
    fc.assert(
      fc.property(fc.array(canaryEvent, { maxLength: 6 }), (events) => {
        const ring = createRing(5);
        ring.push(events);
        const shown = redactedSnapshot(ring, { limit: 5, site: "a.com" }, known);
        const names = events.slice(-5).map(({ event }) => (event.startsWith(CANARY) ? "(custom)" : event));
        expect(JSON.stringify(shown)).not.toMatch(/canary|789|:34:[1-5]/);
        expect(shown).toEqual({
          total: names.length,
          by_event: expect.any(Array),
          last_events: names
            .map((event) => ({ event, timestamp: "2026-11-23T12:34:00.000Z", visitor_id: "redacted" }))
            .reverse(),
          file_size_bytes: 7,
        });
        expect(shown.by_event.every((row) => Object.keys(row).join() === "event,count")).toBe(true);
        expect(new Set(shown.by_event.map(({ event }) => event))).toEqual(new Set(names));
      }),
    );
  });

  it("leaves out what the snapshot for a key shows, so that a leak would be seen", () => {
    const [event] = fc.sample(canaryEvent, 1);
    const told = JSON.stringify(toWire(event ?? storedEvent("none")));
    for (const { key, wire } of EVENT_FIELDS) {
      const isOwn = ["v", "seq", "writer", "start", "event", "metadata", "site", "timestamp", "receivedAt"].includes(
        key,
      );
      if (!isOwn) expect(told).toContain(`"${wire}":"${CANARY}-${key}"`);
    }
  });
});

describe("the snapshot for a key", () => {
  it("holds whole events in the names of the wire, and what came in the last minute", () => {
    const ring = createRing(10);
    const early = { receivedAt: "2026-11-23T12:00:00.000Z" };
    ring.push([storedEvent("a", early), storedEvent("signup")]);
    const nowMs = Date.parse("2026-11-23T12:35:00.000Z");
    const snapshot = fullSnapshot(ring, { limit: 1 }, { fileBytes: 5, nowMs });
    expect(snapshot).toMatchObject({ total: 2, received_last_minute: 1, file_size_bytes: 5 });
    expect(snapshot.last_events).toEqual([
      expect.objectContaining({
        event: "signup",
        visitor_id: "visitor-1",
        metadata: { secret: "plan" },
        is_bot: false,
      }),
    ]);
  });

  it("counts for one site what came for that site, and no more", () => {
    const ring = createRing(10);
    ring.push([storedEvent("a"), storedEvent("a", { site: "b.org" }), storedEvent("a", { site: "b.org" })]);
    const known = { fileBytes: 0, nowMs: Date.parse("2026-11-23T12:35:00.000Z") };
    expect(fullSnapshot(ring, { limit: 1, site: "a.com" }, known)).toMatchObject({ total: 1, received_last_minute: 1 });
  });

  it("shows an event read back from the log as it shows one just stored", () => {
    const position = { v: 1, seq: 3, writer: "w1", start: "s" };
    expect(toWire({ ...position, ...storedEvent("a") })).toEqual(toWire(storedEvent("a")));
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AcceptedEvent } from "../event.ts";
import { createRing } from "./ring.ts";
import { fullSnapshot, redactedSnapshot } from "./snapshot.ts";

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

describe("the ring", () => {
  it("holds the newest events, as a list cut at its capacity would", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.array(fc.string(), { maxLength: 12 })),
        (capacity, pushes) => {
          const ring = createRing(capacity);
          for (const push of pushes) ring.push(push.map((name) => storedEvent(name)));
          const expected = pushes.flat().slice(-capacity).reverse();
          expect(ring.newestFirst().map(({ event }) => event)).toEqual(expected);
          expect(ring.size()).toBe(expected.length);
        },
      ),
    );
  });
});

describe("the snapshot for anyone", () => {
  const ring = createRing(10);
  ring.push([
    storedEvent("page_view"),
    storedEvent("signup"),
    storedEvent("page_view"),
    storedEvent("page_view", { site: "b.org" }),
  ]);
  const snapshot = redactedSnapshot(ring, { limit: 2, site: "a.com" }, 123);

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
    expect(redactedSnapshot(ring, { limit: 5, site: "a.com", event: "signup" }, 0).total).toBe(0);
  });
});

describe("the snapshot for a key", () => {
  it("holds whole events in the names of the wire, and what came in the last minute", () => {
    const ring = createRing(10);
    ring.push([storedEvent("a", { receivedAt: "2026-11-23T12:00:00.000Z" }), storedEvent("signup")]);
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
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AcceptedEvent } from "../event.ts";
import { createRing } from "./ring.ts";
import { eventsBetween, oldestPosition, positionBehind } from "./stream-position.ts";

function storedEvent(event: string, change: Partial<AcceptedEvent> = {}): AcceptedEvent {
  const time = "2026-11-23T12:34:56.789Z";
  return {
    ...{ event, visitorId: "visitor-1", timestamp: time, receivedAt: time, metadata: {}, eventId: event },
    ...{ site: "a.com", sampleRate: 1, serverSampleRate: 1, device: "desktop", isBot: false },
    ...change,
  };
}

const capacities = fc.integer({ min: 1, max: 8 });
const pushes = fc.array(fc.array(fc.string(), { maxLength: 12 }));

describe("the ring", () => {
  it("holds the newest events, as a list cut at its capacity would", () => {
    fc.assert(
      fc.property(capacities, pushes, (capacity, names) => {
        const ring = createRing(capacity);
        for (const push of names) ring.push(push.map((name) => storedEvent(name)));
        const expected = names.flat().slice(-capacity);
        const held = eventsBetween(ring, oldestPosition(ring), ring.end());
        expect(held.map(({ event }) => event)).toEqual(expected);
        expect(ring.newestFirst()).toEqual(held.toReversed());
        expect(ring.size()).toBe(expected.length);
        expect(ring.end()).toBe(names.flat().length);
        expect([ring.at(-1), ring.at(oldestPosition(ring) - 1), ring.at(ring.end())]).toEqual(Array(3).fill(undefined));
      }),
    );
  });

  it("lets go of what it is told to, and holds the rest in order with what comes after", () => {
    fc.assert(
      fc.property(capacities, pushes, pushes, (capacity, before, after) => {
        const isToGo = ({ event }: AcceptedEvent): boolean => event.length % 2 === 1;
        const ring = createRing(capacity);
        for (const push of before) ring.push(push.map((name) => storedEvent(name)));
        const [held, end] = [ring.newestFirst(), ring.end()];
        const staying = held.filter((event) => !isToGo(event));
        expect(ring.remove(isToGo)).toBe(held.length - staying.length);
        expect([ring.newestFirst(), ring.size(), ring.end()]).toEqual([staying, staying.length, end]);
        for (const push of after) ring.push(push.map((name) => storedEvent(name)));
        const expected = [...staying.map(({ event }) => event).reverse(), ...after.flat()].slice(-capacity);
        expect(eventsBetween(ring, oldestPosition(ring), ring.end()).map(({ event }) => event)).toEqual(expected);
      }),
    );
  });

  it("tells a listener of all that is pushed, also of what it cannot hold, until the listener leaves", () => {
    const ring = createRing(2);
    ring.push([storedEvent("before")]);
    const heard: string[] = [];
    const leave = ring.subscribe((events) => heard.push(...events.map(({ event }) => event)));
    ring.push([storedEvent("a"), storedEvent("b"), storedEvent("c")]);
    leave();
    ring.push([storedEvent("d")]);
    expect(heard).toEqual(["a", "b", "c"]);
  });
});

describe("the position behind an event", () => {
  const ring = createRing(3);
  ring.push(["gone", "a", "b", "c"].map((name) => storedEvent(name, { site: name === "b" ? "b.org" : "a.com" })));

  it("is where the next event is", () => {
    expect(["a", "b", "c"].map((id) => positionBehind(ring, id, undefined))).toEqual([2, 3, 4]);
  });

  it("is unknown for an event that is no longer held, and for one of another site", () => {
    expect([positionBehind(ring, "gone", undefined), positionBehind(ring, "b", "a.com")]).toEqual([
      undefined,
      undefined,
    ]);
  });
});

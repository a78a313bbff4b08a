import { Writable } from "node:stream";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AcceptedEvent } from "../event.ts";
import { createEventStream, type ReaderRequest, STREAM_LIMITS } from "./event-stream.ts";
import { createRing } from "./ring.ts";

const LIMITS = { ...STREAM_LIMITS, maxReaders: 3, maxWaitingBytes: 8_000, heartbeatMs: 1_000 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function storedEvent(id: string, site = "a.com"): AcceptedEvent {
  const time = "2026-11-23T12:34:56.789Z";
  return {
    ...{ event: "signup", visitorId: "visitor-1", timestamp: time, receivedAt: time, metadata: { plan: "a\nb" } },
    ...{ eventId: id, site, sampleRate: 1, serverSampleRate: 1, device: "desktop", isBot: false },
  };
}

type Output = Writable & {
  readonly chunks: Buffer[];
  /** Ids of the messages written so far. */
  readonly ids: () => readonly string[];
  /** Reads all that waits, from now on at once. */
  readonly read: () => void;
};

/** A connection whose other end reads only when it is told to. */
function makeOutput(highWaterMark = 1_000): Output {
  const chunks: Buffer[] = [];
  let isReading = false;
  let resume = (): void => undefined;
  const output = new Writable({
    highWaterMark,
    write: (chunk, _encoding, done) => {
      chunks.push(chunk);
      if (isReading) done();
      else resume = done;
    },
  });
  return Object.assign(output, {
    chunks,
    ids: () =>
      [
        ...Buffer.concat(chunks)
          .toString()
          .matchAll(/^id: (.+)$/gm),
      ].map(([, id]) => id ?? ""),
    read: () => {
      isReading = true;
      resume();
    },
  });
}

function requestTo(output: Writable, change: Partial<ReaderRequest> = {}): ReaderRequest {
  return {
    filter: { site: undefined, event: undefined },
    lastEventId: undefined,
    mayGoOn: () => true,
    output,
    ...change,
  };
}

/** Lets what streams do after a write happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe("the live stream", () => {
  it("sends an event as one message with its id, name and whole JSON, soon after it was pushed", () => {
    const ring = createRing(5);
    const stream = createEventStream(ring, LIMITS);
    const output = makeOutput();
    output.read();
    stream.open(requestTo(output));
    ring.push([storedEvent("e1")]);
    expect(Buffer.concat(output.chunks).toString()).toBe("retry: 3000\n\n");
    vi.advanceTimersByTime(LIMITS.gatherMs);
    expect(output.chunks.at(-1)?.toString()).toBe(
      'id: e1\nevent: stored\ndata: {"event":"signup","visitor_id":"visitor-1","timestamp":"2026-11-23T12:34:56.789Z",' +
        '"metadata":{"plan":"a\\nb"},"event_id":"e1","site":"a.com","sample_rate":1,' +
        '"received_at":"2026-11-23T12:34:56.789Z","server_sample_rate":1,"device":"desktop","is_bot":false}\n\n',
    );
  });

  it("renders what it sends once for all readers of the same events", () => {
    const ring = createRing(5);
    const stream = createEventStream(ring, LIMITS);
    const [one, other] = [makeOutput(), makeOutput()];
    for (const output of [one, other]) {
      output.read();
      stream.open(requestTo(output));
    }
    ring.push([storedEvent("e1"), storedEvent("e2")]);
    vi.advanceTimersByTime(LIMITS.gatherMs);
    expect(one.ids()).toEqual(["e1", "e2"]);
    expect(other.chunks.at(-1)).toBe(one.chunks.at(-1));
  });

  it("says so first, then sends the whole ring, when the event to resume behind is gone", () => {
    const ring = createRing(2);
    ring.push(["gone", "e1", "e2"].map((id) => storedEvent(id)));
    const output = makeOutput();
    output.read();
    createEventStream(ring, LIMITS).open(requestTo(output, { lastEventId: "gone" }));
    expect(Buffer.concat(output.chunks).toString()).toMatch(/^retry: 3000\n\nevent: gap\ndata: \{.+\}\n\nid: e1\n/);
    expect(output.ids()).toEqual(["e1", "e2"]);
  });

  it("beats while nothing happens, and ends the stream of a reader that may not go on", async () => {
    const stream = createEventStream(createRing(2), LIMITS);
    let mayGoOn = true;
    const output = makeOutput();
    output.read();
    stream.open(requestTo(output, { mayGoOn: () => mayGoOn }));
    vi.advanceTimersByTime(2 * LIMITS.heartbeatMs);
    expect(Buffer.concat(output.chunks).toString()).toBe("retry: 3000\n\n: heartbeat\n\n: heartbeat\n\n");
    mayGoOn = false;
    vi.advanceTimersByTime(LIMITS.heartbeatMs);
    await settle();
    expect(output.writableFinished).toBe(true);
    expect(stream.counts()).toEqual({ readers: 0, cutOff: 0 });
  });

  it("keeps no timer and gathers nothing once nobody reads", async () => {
    const ring = createRing(2);
    const stream = createEventStream(ring, LIMITS);
    const output = makeOutput();
    stream.open(requestTo(output));
    ring.push([storedEvent("e1")]);
    output.destroy();
    await settle();
    ring.push([storedEvent("e2")]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("has room for so many readers, and for one more when one has left", async () => {
    const stream = createEventStream(createRing(2), LIMITS);
    const outputs = Array.from({ length: LIMITS.maxReaders }, () => makeOutput());
    for (const output of outputs) stream.open(requestTo(output));
    expect(stream.hasRoom()).toBe(false);
    outputs[0]?.destroy();
    await settle();
    expect(stream.hasRoom()).toBe(true);
  });

  it("cuts off a reader that leaves too much unread, and gives everything to one that reads", async () => {
    const ring = createRing(10);
    const stream = createEventStream(ring, LIMITS);
    const [slow, fast] = [makeOutput(), makeOutput()];
    fast.read();
    stream.open(requestTo(slow));
    stream.open(requestTo(fast));
    const ids = Array.from({ length: 60 }, (_, n) => `e${n}`);
    for (const id of ids) {
      ring.push([storedEvent(id)]);
      vi.advanceTimersByTime(LIMITS.gatherMs);
      expect(slow.writableLength).toBeLessThan(LIMITS.maxWaitingBytes + 500);
    }
    await settle();
    expect([slow.destroyed, fast.destroyed]).toEqual([true, false]);
    expect(stream.counts()).toEqual({ readers: 1, cutOff: 1 });
    expect(fast.ids()).toEqual(ids);
  });

  it.each([
    ["as soon as more is sent", (): void => void vi.advanceTimersByTime(LIMITS.gatherMs)],
    ["as soon as it reads on", (output: Output): void => output.read()],
  ])("cuts off a reader that the ring has overtaken while it caught up, %s", async (_when, act) => {
    const ring = createRing(300);
    const stream = createEventStream(ring, LIMITS);
    const push = (from: number): void => ring.push(Array.from({ length: 300 }, (_, n) => storedEvent(`e${from + n}`)));
    push(0);
    const output = makeOutput();
    stream.open(requestTo(output, { lastEventId: "e0" }));
    push(300);
    act(output);
    await settle();
    expect(output.destroyed).toBe(true);
    expect(stream.counts()).toEqual({ readers: 0, cutOff: 1 });
    expect(output.ids()).toEqual(output.ids().map((_, n) => `e${n + 1}`));
  });

  it("ends at once when it is closed, with what was stored before; who does not read is dropped after a moment", async () => {
    const ring = createRing(10);
    const stream = createEventStream(ring, LIMITS);
    const [reading, stalled] = [makeOutput(), makeOutput()];
    reading.read();
    stream.open(requestTo(reading));
    stream.open(requestTo(stalled));
    ring.push([storedEvent("last")]);
    const closed = stream.close();
    await settle();
    expect([reading.ids(), reading.writableFinished, stalled.destroyed]).toEqual([["last"], true, false]);
    vi.advanceTimersByTime(100);
    await closed;
    expect([stalled.destroyed, stream.hasRoom(), vi.getTimerCount()]).toEqual([true, false, 0]);
  });
});

type Step =
  | { readonly kind: "push"; readonly count: number }
  | {
      readonly kind: "open";
      readonly back: number | undefined;
      readonly site: string | undefined;
      readonly isSlow: boolean;
      readonly highWaterMark: number;
    }
  | { readonly kind: "pass" }
  | { readonly kind: "read" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("push" as const), count: fc.integer({ min: 1, max: 150 }) }),
  fc.record({
    kind: fc.constant("open" as const),
    back: fc.option(fc.integer({ min: 1, max: 400 }), { nil: undefined }),
    site: fc.constantFrom(undefined, "a.com", "b.org"),
    isSlow: fc.boolean(),
    highWaterMark: fc.constantFrom(1_000, 65_536),
  }),
  fc.record({ kind: fc.constant("pass" as const) }),
  fc.record({ kind: fc.constant("read" as const) }),
);

/** What a reader must be sent: no id twice, none left out, whatever happened between ring and live. */
type Expectation = {
  readonly output: Output;
  readonly isSlow: boolean;
  readonly site: string | undefined;
  readonly from: number;
};

describe("the live stream, whatever happens when", () => {
  it("gives each reader its events in order, without gap or repeat, up to where it was cut off", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.array(step, { maxLength: 25 }), async (capacity, steps) => {
        const ring = createRing(capacity);
        const stream = createEventStream(ring, { ...LIMITS, maxReaders: 1_000 });
        const all: AcceptedEvent[] = [];
        const readers: Expectation[] = [];
        const run = (next: Step): void => {
          if (next.kind === "pass") vi.advanceTimersByTime(LIMITS.gatherMs);
          else if (next.kind === "read") for (const { output } of readers) output.read();
          else if (next.kind === "push") {
            const from = all.length;
            for (let n = 0; n < next.count; n += 1)
              all.push(storedEvent(`e${from + n}`, n % 3 === 0 ? "b.org" : "a.com"));
            ring.push(all.slice(from));
          } else {
            const output = makeOutput(next.highWaterMark);
            if (!next.isSlow) output.read();
            const last = next.back === undefined ? undefined : all[all.length - next.back];
            const isHeld =
              last !== undefined && (next.back ?? 0) <= ring.size() && (next.site ?? last.site) === last.site;
            const oldest = all.length - ring.size();
            const from = next.back === undefined ? all.length : isHeld ? all.indexOf(last) + 1 : oldest;
            const lastEventId = next.back === undefined ? undefined : (last?.eventId ?? "unknown");
            readers.push({ output, site: next.site, isSlow: next.isSlow, from });
            stream.open(requestTo(output, { lastEventId, filter: { site: next.site, event: undefined } }));
          }
        };
        for (const next of [...steps, { kind: "pass" }, { kind: "read" }] satisfies Step[]) {
          run(next);
          await settle();
        }
        for (const { output, isSlow, site, from } of readers) {
          const due = all.slice(from).filter((event) => site === undefined || event.site === site);
          const given = output.ids();
          expect(given).toEqual(due.slice(0, given.length).map(({ eventId }) => eventId));
          if (!output.destroyed) expect(given.length).toBe(due.length);
          if (!isSlow) expect(output.destroyed).toBe(false);
        }
        void stream.close();
      }),
      { numRuns: 60 },
    );
  });
});

import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { makeEvent } from "../../../test/fault/make-event.ts";
import { ownerOf } from "../../collector/duplicates/id-window.ts";
import type { OnceStore, ReadyEvent } from "../../collector/duplicates/store-once.ts";
import { Books } from "../../collector/ledger/books.ts";
import { PasserbyError } from "../../errors.ts";
import type { AcceptedEvent } from "../../event.ts";
import { createSharedStore, storeForPeers } from "./shared-store.ts";

/** What one worker has: the events that its log took, and its ledger. */
type Side = { readonly own: OnceStore; readonly stored: AcceptedEvent[]; readonly books: Books };

const FULL = new PasserbyError("log_unavailable", "the disk is full");

/** A store whose disk takes so many events, one at a time, and then no more. */
function makeSide(room = Number.POSITIVE_INFINITY): Side {
  const stored: AcceptedEvent[] = [];
  const store: OnceStore["store"] = async (events, onStored) => {
    for (const { event } of events) {
      if (stored.length === room) throw FULL;
      stored.push(event);
      onStored?.([event]);
    }
    return { stored: events.map(({ event }) => event), duplicates: [], file: "metrics.jsonl" };
  };
  return { own: { isStored: () => false, store }, stored, books: new Books(() => []) };
}

const received = ({ books }: Side): number =>
  [...books.rows(0, Number.POSITIVE_INFINITY)].reduce((sum, row) => sum + row.received, 0);

/** Makes an event whose id belongs to a writer, of two. */
function eventFor(writer: number): ReadyEvent {
  for (;;) {
    const eventId = randomUUID();
    if (ownerOf(eventId, 2) === writer - 1) return { event: makeEvent("x", { eventId }), hasClientId: true };
  }
}

function share(near: Side, far: Side): OnceStore {
  const store = storeForPeers(far.own, far.books);
  const ask = (_: number, events: readonly AcceptedEvent[]) => store(events);
  return createSharedStore({ own: near.own, ledger: near.books, writer: 1, writers: 2, ask });
}

describe("a batch at a worker", () => {
  it("is stored each event with the worker its id belongs to, and counted there", async () => {
    const [near, far] = [makeSide(), makeSide()];
    const batch = [eventFor(1), eventFor(2), eventFor(2)];
    const told: AcceptedEvent[] = [];
    const outcome = await share(near, far).store(batch, (events) => told.push(...events));
    expect([near.stored.length, far.stored.length, outcome.stored.length, told.length]).toEqual([1, 2, 3, 3]);
    // The request has counted three as received here.
    expect([received(near), received(far)]).toEqual([-2, 2]);
  });

  it("of which the other one can store a part is refused, and only that part has moved", async () => {
    const [near, far] = [makeSide(), makeSide(1)];
    const told: AcceptedEvent[] = [];
    const storing = share(near, far).store([eventFor(2), eventFor(2)], (events) => told.push(...events));
    await expect(storing).rejects.toThrow("the disk is full");
    expect([told.length, received(near), received(far)]).toEqual([1, -1, 1]);
  });

  it("keeps an event without an id of its own back while another part may be refused", async () => {
    const [near, far] = [makeSide(), makeSide(0)];
    const nameless = { ...eventFor(2), hasClientId: false };
    await expect(share(near, far).store([nameless, eventFor(2)])).rejects.toThrow("the disk is full");
    expect(near.stored).toEqual([]);
    await share(near, makeSide()).store([nameless, eventFor(2)]);
    expect(near.stored).toEqual([nameless.event]);
  });

  it("is refused where the other one does not answer, though its own part is stored", async () => {
    const near = makeSide();
    const ask = (): Promise<never> =>
      Promise.reject(new PasserbyError("log_unavailable", "worker 2 is being restarted"));
    const shared = createSharedStore({ own: near.own, ledger: near.books, writer: 1, writers: 2, ask });
    await expect(shared.store([eventFor(1), eventFor(2)])).rejects.toThrow("restarted");
    expect([near.stored.length, received(near)]).toEqual([1, 0]);
  });
});

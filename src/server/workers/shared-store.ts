/**
 * Stores each event with the writer that its id belongs to: this one's own in its own log, the others through their
 * workers. So two copies of an event meet at one place, whichever workers they came to.
 */
import { ownerOf } from "../../collector/duplicates/id-window.ts";
import type { OnceStore, ReadyEvent, StoreOutcome } from "../../collector/duplicates/store-once.ts";
import type { Ledger } from "../../collector/ledger/open-ledger.ts";
import type { AcceptedEvent } from "../../event.ts";
import type { PeerOutcome, StoreForPeer } from "./peer-line.ts";

export type SharedStoreParts = {
  readonly own: OnceStore;
  readonly ledger: Ledger;
  /** 1 to `writers`. */
  readonly writer: number;
  readonly writers: number;
  /** Has another writer store events. */
  readonly ask: (writer: number, events: readonly AcceptedEvent[]) => Promise<PeerOutcome>;
};

/** Makes the store of a worker. When a part of a batch cannot be stored, `store` rejects after the rest is stored. */
export function createSharedStore({ own, ledger, writer, writers, ask }: SharedStoreParts): OnceStore {
  const storeElsewhere = async (owner: number, events: readonly AcceptedEvent[]): Promise<StoreOutcome> => {
    const { stored, file } = await ask(owner, events);
    const onDisk = events.filter((_, index) => stored[index]);
    // The owner has counted these as received and stored: here they are no longer.
    for (const event of onDisk) ledger.at(Date.parse(event.receivedAt)).received(event.site, -1);
    return { stored: onDisk, duplicates: events.filter((_, index) => !stored[index]), file };
  };
  return {
    isStored: (id) => ownerOf(id, writers) === writer - 1 && own.isStored(id),
    store: async (events, onStored) => {
      const parts = Map.groupBy(events, ({ event, hasClientId }) =>
        hasClientId ? ownerOf(event.eventId, writers) + 1 : writer,
      );
      if (parts.size === 1 && parts.has(writer)) return own.store(events, onStored);
      const storePart = async (owner: number, part: readonly ReadyEvent[]): Promise<StoreOutcome> => {
        if (owner === writer) return own.store(part, onStored);
        const outcome = await storeElsewhere(
          owner,
          part.map(({ event }) => event),
        );
        onStored?.(outcome.stored);
        return outcome;
      };
      return joinOutcomes(await Promise.allSettled([...parts].map(([owner, part]) => storePart(owner, part))));
    },
  };
}

function joinOutcomes(outcomes: readonly PromiseSettledResult<StoreOutcome>[]): StoreOutcome {
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  const good = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  return {
    stored: good.flatMap(({ stored }) => stored),
    duplicates: good.flatMap(({ duplicates }) => duplicates),
    file: good.map(({ file }) => file).find((file) => file !== null) ?? null,
  };
}

/**
 * Makes the answer to other workers: stores events whose ids are this writer's. Those that are stored are counted as
 * received here, where the log counts them as stored; a duplicate stays in the ledger of the worker that it came to.
 */
export function storeForPeers(own: OnceStore, ledger: Ledger): StoreForPeer {
  return async (events) => {
    const ready = events.map((event): ReadyEvent => ({ event, hasClientId: true }));
    const { stored, file } = await own.store(ready, (onDisk) => {
      for (const event of onDisk) ledger.at(Date.parse(event.receivedAt)).received(event.site, 1);
    });
    const isStored = new Set(stored);
    return { stored: events.map((event) => isStored.has(event)), file };
  };
}

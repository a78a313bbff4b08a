/**
 * Stores each event with the writer that its id belongs to: this one's own in its own log, the others through their
 * workers. So two copies of an event meet at one place, whichever workers they came to.
 */
import { ownerOf } from "../../collector/duplicates/id-window.ts";
import type { OnceStore, ReadyEvent, StoreOutcome } from "../../collector/duplicates/store-once.ts";
import type { Ledger } from "../../collector/ledger/open-ledger.ts";
import { describeError, PasserbyError } from "../../errors.ts";
import type { AcceptedEvent } from "../../event.ts";
import type { PeerOutcome, StoreForPeer } from "./peer-wire.ts";

export type SharedStoreParts = {
  readonly own: OnceStore;
  readonly ledger: Pick<Ledger, "at">;
  /** 1 to `writers`. */
  readonly writer: number;
  readonly writers: number;
  /** Has another writer store events; rejects when it is not known whether it did. */
  readonly ask: (writer: number, events: readonly AcceptedEvent[]) => Promise<PeerOutcome>;
};

type OnStored = (events: readonly AcceptedEvent[]) => void;

/** Makes the store of a worker. When a part of a batch cannot be stored, `store` rejects after the rest is stored. */
export function createSharedStore({ own, ledger, writer, writers, ask }: SharedStoreParts): OnceStore {
  const storeElsewhere = async (
    owner: number,
    ready: readonly ReadyEvent[],
    onStored?: OnStored,
  ): Promise<StoreOutcome> => {
    const events = ready.map(({ event }) => event);
    const { stored, file, error } = await ask(owner, events);
    const onDisk = events.filter((_, index) => stored[index]);
    // The owner has counted these as received and stored: here they are no longer.
    for (const event of onDisk) ledger.at(Date.parse(event.receivedAt)).received(event.site, -1);
    onStored?.(onDisk);
    if (error !== undefined) throw new PasserbyError("log_unavailable", error);
    return { stored: onDisk, duplicates: events.filter((_, index) => !stored[index]), file };
  };
  return {
    isStored: (id) => ownerOf(id, writers) === writer - 1 && own.isStored(id),
    store: async (events, onStored) => {
      const parts = Map.groupBy(events, ({ event, hasClientId }) =>
        hasClientId ? ownerOf(event.eventId, writers) + 1 : writer,
      );
      const ours = parts.get(writer) ?? [];
      parts.delete(writer);
      if (parts.size === 0) return own.store(ours, onStored);
      const others = Promise.allSettled([...parts].map(([owner, part]) => storeElsewhere(owner, part, onStored)));
      // An event without an id of its own would count twice when the batch is sent again: it waits until the rest is stored.
      if (ours.some(({ hasClientId }) => !hasClientId)) joinOutcomes(await others);
      const [mine] = await Promise.allSettled([own.store(ours, onStored)]);
      return joinOutcomes([mine, ...(await others)]);
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
export function storeForPeers(own: Pick<OnceStore, "store">, ledger: Pick<Ledger, "at">): StoreForPeer {
  return async (events) => {
    const ready = events.map((event): ReadyEvent => ({ event, hasClientId: true }));
    const onDisk = new Set<AcceptedEvent>();
    const onStored = (stored: readonly AcceptedEvent[]): void => {
      for (const event of stored) {
        onDisk.add(event);
        ledger.at(Date.parse(event.receivedAt)).received(event.site, 1);
      }
    };
    const isStored = (): readonly boolean[] => events.map((event) => onDisk.has(event));
    try {
      const { file } = await own.store(ready, onStored);
      return { stored: isStored(), file };
    } catch (error) {
      return { stored: isStored(), file: null, error: describeError(error) };
    }
  };
}

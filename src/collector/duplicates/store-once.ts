/**
 * The append step with the promise that an id is stored once: an id is pending while its line is on the way to the disk;
 * a second copy waits for the first, and is a duplicate only if that one was stored.
 */
import type { AcceptedEvent } from "../../event.ts";
import type { Appended, Log } from "../../log/log.ts";
import type { StoredIds } from "./stored-ids.ts";

/** An event that is ready for the log, and whether its id is the client's: one that we made cannot come twice. */
export type ReadyEvent = { readonly event: AcceptedEvent; readonly hasClientId: boolean };

/** What became of a batch. `file` is the file of the first stored event, null when none was stored. */
export type StoreOutcome = {
  readonly stored: readonly AcceptedEvent[];
  readonly duplicates: readonly AcceptedEvent[];
  readonly file: string | null;
};

export type OnceStore = {
  /** Says whether an event with this id is stored already. */
  readonly isStored: (id: string) => boolean;
  /**
   * Stores each event once and resolves when all is on disk. Rejects with `log_unavailable`; then events without an id
   * of their own are not stored, and the others may be sent again. `onStored` is told of events as soon as they are on
   * disk, so also of those in a batch whose other events are refused.
   */
  readonly store: (
    events: readonly ReadyEvent[],
    onStored?: (events: readonly AcceptedEvent[]) => void,
  ) => Promise<StoreOutcome>;
};

type Parts = { readonly log: Pick<Log, "append">; readonly ids: StoredIds };

/** Makes the step over a log and the ids of its writer. */
export function createOnceStore({ log, ids }: Parts): OnceStore {
  const pending = new Map<string, Promise<boolean>>();

  const append = async (ready: readonly ReadyEvent[]): Promise<Appended> => {
    const events = ready.map(({ event }) => event);
    const claimed = ready.filter(({ hasClientId }) => hasClientId).map(({ event }) => event.eventId);
    const appending = log.append(events);
    if (claimed.length === 0) return noteLine(await appending, events);
    const outcome = appending.then(
      () => true,
      () => false,
    );
    for (const id of claimed) pending.set(id, outcome);
    try {
      return noteLine(await appending, events, claimed);
    } finally {
      for (const id of claimed) pending.delete(id);
    }
  };

  const noteLine = (
    appended: Appended,
    events: readonly AcceptedEvent[],
    claimed: readonly string[] = [],
  ): Appended => {
    const seq = appended.firstSeq + events.length - 1;
    ids.add(claimed, { start: appended.start, seq }, Date.parse(events[0]?.receivedAt ?? ""));
    return appended;
  };

  const store: OnceStore["store"] = async (events, onStored) => {
    const stored: AcceptedEvent[] = [];
    const duplicates: AcceptedEvent[] = [];
    let file: string | null = null;
    for (let left = events; left.length > 0; ) {
      const { ready, known, waiting } = sortByClaim(left, ids, pending);
      for (const { event } of known) duplicates.push(event);
      // Taken before anything is awaited: an append that settles first would take its promise away.
      const others = waiting.map(({ event }) => pending.get(event.eventId));
      if (ready.length > 0) {
        const appended = await append(ready);
        file ??= appended.file;
        const onDisk = ready.map(({ event }) => event);
        stored.push(...onDisk);
        onStored?.(onDisk);
      }
      await Promise.all(others);
      left = waiting;
    }
    return { stored, duplicates, file };
  };

  return { isStored: (id) => ids.has(id), store };
}

type Sorted = Readonly<Record<"ready" | "known" | "waiting", ReadyEvent[]>>;

/** `waiting`: another copy of the id is on its way, from another request or earlier in this one. */
function sortByClaim(events: readonly ReadyEvent[], ids: StoredIds, pending: ReadonlyMap<string, unknown>): Sorted {
  const sorted: Sorted = { ready: [], known: [], waiting: [] };
  let taken: Set<string> | undefined;
  for (const ready of events) {
    const { event, hasClientId } = ready;
    if (!hasClientId) sorted.ready.push(ready);
    else if (ids.has(event.eventId)) sorted.known.push(ready);
    else if (pending.has(event.eventId) || taken?.has(event.eventId)) sorted.waiting.push(ready);
    else {
      if (events.length > 1) taken = (taken ?? new Set()).add(event.eventId);
      sorted.ready.push(ready);
    }
  }
  return sorted.waiting.length === 0 ? sorted : holdNameless(sorted);
}

/** Without an id of its own an event would count twice if what waits were refused and all sent again: it waits, too. */
function holdNameless({ ready, known, waiting }: Sorted): Sorted {
  const isNameless = ({ hasClientId }: ReadyEvent): boolean => !hasClientId;
  return {
    ready: ready.filter(({ hasClientId }) => hasClientId),
    known,
    waiting: [...ready.filter(isNameless), ...waiting],
  };
}

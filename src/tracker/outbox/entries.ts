/**
 * The entries of the outbox in a storage of the browser. Each page writes a key of its own, so that no two pages write the
 * same. Where the storage is missing, blocked or full, nothing is kept, and nobody hears of it. What an entry has no room for,
 * or is too old, is counted, so that the collector can be told.
 */
import type { OutboxPlace } from "../options.ts";
import { random16 } from "../randomness.ts";
import { type KeptEvent, readEvents, readLost } from "./kept-event.ts";

const PREFIX = "passerby-outbox:";
/** The collector clamps the time of what is older than 24 h. */
const MAX_AGE_MS = 82_800_000;
const MAX_EVENTS = 100;
/** Length of an entry in UTF-16 units. */
const MAX_LENGTH = 32_768;

export type Entry = {
  readonly key: string;
  readonly events: readonly KeptEvent[];
  /** How many more there were, for which there was no room, or which are too old by now. */
  readonly lost: number;
};

export type Entries = {
  /** Keeps events in place of what this page kept before: the oldest that there is room for. Returns these as JSON. */
  readonly keep: (events: readonly KeptEvent[]) => string;
  /** The entries of other pages, with their events of the last 23 hours. */
  readonly read: () => readonly Entry[];
  /** Notes that the loss of an entry is being told, so that no other page tells it again. */
  readonly forgetLost: (entry: Entry) => void;
  /** Leaves it to any page to tell of a loss. */
  readonly keepLost: (lost: number) => void;
  readonly remove: (key: string) => void;
  readonly removeOwn: () => void;
  readonly removeAll: () => void;
};

/** Opens the entries of a page. */
export function openEntries(place: OutboxPlace): Entries {
  const drawKey = (): string => `${PREFIX}${[0, 0, 0].map(random16).join("-")}`;
  const ownKey = drawKey();
  const withStorage = (act: (storage: Storage) => void): void => {
    try {
      if (place !== "memory") act(place === "local" ? localStorage : sessionStorage);
    } catch {
      // Blocked by the visitor, by a sandbox, or full.
    }
  };
  const remove = (key: string): void => withStorage((storage) => storage.removeItem(key));
  const listKeys = (): readonly string[] => {
    const keys: string[] = [];
    withStorage((storage) => keys.push(...Object.keys(storage).filter((key) => key.startsWith(PREFIX))));
    return keys;
  };
  const readOne = (key: string): Entry => {
    let text = "";
    withStorage((storage) => {
      text = storage.getItem(key) ?? "";
    });
    const all = readEvents(text);
    const events = all.filter(({ timestamp }) => Date.now() - timestamp < MAX_AGE_MS);
    return { key, events, lost: readLost(text) + all.length - events.length };
  };
  const write = ({ key, events, lost }: Entry): void =>
    withStorage((storage) => storage.setItem(key, `{"events":${writeList(events)},"lost":${lost}}`));
  return {
    keep: (events) => {
      remove(ownKey);
      const kept = chooseKept(events);
      if (events[0]) write({ key: ownKey, events: kept, lost: events.length - kept.length });
      return writeList(kept);
    },
    read: () => listKeys().flatMap((key) => (key === ownKey ? [] : readOne(key))),
    forgetLost: (entry) => write({ ...entry, lost: 0 }),
    keepLost: (lost) => write({ key: drawKey(), events: [], lost }),
    remove,
    removeOwn: () => remove(ownKey),
    removeAll: () => listKeys().forEach(remove),
  };
}

/** The oldest events that an entry has room for. */
function chooseKept(events: readonly KeptEvent[]): readonly KeptEvent[] {
  let room = MAX_LENGTH - '{"events":[],"lost":1000}'.length;
  return events.slice(0, MAX_EVENTS).filter(({ json }) => {
    room -= json.length + ",".length;
    return room >= 0;
  });
}

function writeList(events: readonly KeptEvent[]): string {
  return `[${events.map(({ json }) => json)}]`;
}

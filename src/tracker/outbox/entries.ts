/**
 * The entries of the outbox in a storage of the browser. Each page writes a key of its own, so that no two pages write the
 * same. Where the storage is missing, blocked or full, nothing is kept, and nobody hears of it.
 */
import type { OutboxPlace } from "../options.ts";
import { random16 } from "../randomness.ts";
import { type KeptEvent, readEvents } from "./kept-event.ts";

const PREFIX = "passerby-outbox:";
/** The collector clamps the time of what is older than 24 h. */
const MAX_AGE_MS = 82_800_000;
const MAX_EVENTS = 100;
/** Length of an entry in UTF-16 units. */
const MAX_LENGTH = 32_768;

export type Entry = { readonly key: string; readonly events: readonly KeptEvent[] };

export type Entries = {
  /** Keeps events in place of what this page kept before: the oldest that there is room for. Returns these as JSON. */
  readonly keep: (events: readonly KeptEvent[]) => string;
  /** The entries of other pages, with their events of the last 23 hours. */
  readonly read: () => readonly Entry[];
  readonly remove: (key: string) => void;
  readonly removeOwn: () => void;
  readonly removeAll: () => void;
};

/** Opens the entries of a page. */
export function openEntries(place: OutboxPlace): Entries {
  const ownKey = `${PREFIX}${[0, 0, 0].map(random16).join("-")}`;
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
    return { key, events: readEvents(text).filter(({ timestamp }) => Date.now() - timestamp < MAX_AGE_MS) };
  };
  return {
    keep: (events) => {
      remove(ownKey);
      const text = writeEntry(events);
      if (text !== "[]") withStorage((storage) => storage.setItem(ownKey, text));
      return text;
    },
    read: () => listKeys().flatMap((key) => (key === ownKey ? [] : readOne(key))),
    remove,
    removeOwn: () => remove(ownKey),
    removeAll: () => listKeys().forEach(remove),
  };
}

function writeEntry(events: readonly KeptEvent[]): string {
  let room = MAX_LENGTH - "[]".length;
  const kept = events.slice(0, MAX_EVENTS).filter(({ json }) => {
    room -= json.length + ",".length;
    return room >= 0;
  });
  return `[${kept.map(({ json }) => json)}]`;
}

/** An event as readers of live data get it: every field under its name on the wire, in the order of the contract. */
import { type AcceptedEvent, EVENT_FIELDS, type EventField, type LogLine } from "../event.ts";

type ShownField = EventField & { readonly key: keyof AcceptedEvent };

/** An event in the names of the wire, without the position of its line. */
export type WireEvent = Partial<LogLine>;

const POSITION_KEYS: readonly string[] = ["v", "seq", "writer", "start"];

/** An event that has just been stored bears no position of its line here, so one read back from the log must not either. */
function isShown(field: EventField): field is ShownField {
  return !POSITION_KEYS.includes(field.key);
}

const SHOWN_FIELDS = EVENT_FIELDS.filter(isShown);

/** Renders an event; fields that it does not have are left out. */
export function toWire(event: AcceptedEvent): WireEvent {
  const shown: Record<string, unknown> = {};
  for (const { wire, key } of SHOWN_FIELDS) {
    const value = event[key];
    if (value !== undefined) shown[wire] = value;
  }
  return shown;
}

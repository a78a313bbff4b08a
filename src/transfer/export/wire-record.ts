/** One event as it leaves in an export: the fields of its line without those that say where in the log the line stood. */
import { EVENT_FIELDS, type EventField, type StoredEvent } from "../../event.ts";

const POSITION: ReadonlySet<string> = new Set(["seq", "writer", "start"]);

/** The fields of an exported event in order: those of a line of the log but `seq`, `writer` and `start`. */
export const EXPORT_FIELDS: readonly EventField[] = EVENT_FIELDS.filter(({ wire }) => !POSITION.has(wire));

/** An event under its fields' names on the wire. */
export type WireRecord = Readonly<Record<string, unknown>>;

/** Returns an event under the names of the wire; a field that it does not have is left out. */
export function toWireRecord(event: StoredEvent): WireRecord {
  const record: Record<string, unknown> = {};
  for (const { wire, key } of EXPORT_FIELDS) {
    const value = event[key];
    if (value !== undefined) record[wire] = value;
  }
  return record;
}

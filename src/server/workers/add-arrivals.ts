/** Adds up what arrived at several workers. */
import { addReason } from "../../collector/ledger/counts.ts";
import type { Arrivals } from "../../collector/ledger/since-start.ts";

export const NOTHING_ARRIVED: Arrivals = {
  received: 0,
  stored: 0,
  dropped: {},
  refused: {},
  notes: [],
  client_lost: 0,
};

/** Returns the sum; notes on the same thing become one. */
export function addArrivals(a: Arrivals, b: Arrivals): Arrivals {
  const notes = new Map<string, Arrivals["notes"][number]>();
  for (const note of [...a.notes, ...b.notes]) {
    const key = `${note.kind} ${note.reason} ${note.subject}`;
    notes.set(key, { ...note, count: note.count + (notes.get(key)?.count ?? 0) });
  }
  return {
    received: a.received + b.received,
    stored: a.stored + b.stored,
    dropped: addCounts(a.dropped, b.dropped),
    refused: addCounts(a.refused, b.refused),
    notes: [...notes.values()],
    client_lost: a.client_lost + b.client_lost,
  };
}

function addCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const sum = { ...a };
  for (const [reason, count] of Object.entries(b)) addReason(sum, reason, count);
  return sum;
}

/** The live snapshot (`GET /api/metrics/behavior`): the ring as counts and newest events, redacted for the public. */
import { type AcceptedEvent, AUTOMATIC_EVENTS, EVENT_FIELDS, type LogLine, SMOKE_EVENT } from "../event.ts";
import type { Ring } from "./ring.ts";

/** Which events of the ring a snapshot is about; `limit` bounds `last_events` only. */
export type SnapshotFilter = {
  readonly limit: number;
  readonly site?: string | undefined;
  readonly event?: string | undefined;
  /** ISO 8601 UTC; only events received at or after it. */
  readonly since?: string | undefined;
};

type EventCount = { readonly event: string; readonly count: number };
type RedactedEvent = { readonly event: string; readonly timestamp: string; readonly visitor_id: "redacted" };

export type Snapshot<Shown> = {
  readonly total: number;
  readonly by_event: readonly EventCount[];
  readonly last_events: readonly Shown[];
  readonly file_size_bytes: number;
};

const PUBLIC_NAMES: ReadonlySet<string> = new Set([...AUTOMATIC_EVENTS, SMOKE_EVENT]);

/**
 * The snapshot for anyone: built from an allow-list of fields. Times are cut to the minute; a name that is not our
 * tracker's reads `(custom)`, since it may say what the site's business is.
 */
export function redactedSnapshot(ring: Ring, filter: SnapshotFilter, fileBytes: number): Snapshot<RedactedEvent> {
  const publicName = (event: AcceptedEvent): string => (PUBLIC_NAMES.has(event.event) ? event.event : "(custom)");
  const events = select(ring, filter, publicName);
  return {
    total: events.length,
    by_event: countByName(events, publicName),
    last_events: events.slice(0, filter.limit).map((event) => ({
      event: publicName(event),
      timestamp: `${event.timestamp.slice(0, 16)}:00.000Z`,
      visitor_id: "redacted",
    })),
    file_size_bytes: fileBytes,
  };
}

/** The snapshot for a reader with a key: whole events, and how many came in the last minute. */
export function fullSnapshot(
  ring: Ring,
  filter: SnapshotFilter,
  known: { readonly fileBytes: number; readonly nowMs: number },
): Snapshot<Partial<LogLine>> & { readonly received_last_minute: number } {
  const ownName = (event: AcceptedEvent): string => event.event;
  const events = select(ring, filter, ownName);
  return {
    total: events.length,
    by_event: countByName(events, ownName),
    last_events: events.slice(0, filter.limit).map(toWire),
    file_size_bytes: known.fileBytes,
    received_last_minute: ring.receivedSince(known.nowMs - 60_000),
  };
}

function select(ring: Ring, filter: SnapshotFilter, name: (event: AcceptedEvent) => string): readonly AcceptedEvent[] {
  return ring
    .newestFirst()
    .filter((event) => filter.site === undefined || event.site === filter.site)
    .filter((event) => filter.event === undefined || name(event) === filter.event)
    .filter((event) => filter.since === undefined || event.receivedAt >= filter.since);
}

function countByName(events: readonly AcceptedEvent[], name: (event: AcceptedEvent) => string): readonly EventCount[] {
  const counts = new Map<string, number>();
  for (const event of events) counts.set(name(event), (counts.get(name(event)) ?? 0) + 1);
  return [...counts].map(([event, count]) => ({ event, count })).sort(byCountThenName);
}

function byCountThenName(a: EventCount, b: EventCount): number {
  return b.count - a.count || a.event.localeCompare(b.event);
}

/** Renders an event with the field names of the wire, in the order of the contract. */
function toWire(event: AcceptedEvent): Partial<LogLine> {
  const values = new Map<string, unknown>(Object.entries(event));
  return Object.fromEntries(
    EVENT_FIELDS.filter(({ key }) => values.get(key) !== undefined).map(({ wire, key }) => [wire, values.get(key)]),
  );
}

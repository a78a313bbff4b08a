/** The live snapshot (`GET /api/metrics/behavior`): the ring as counts and newest events, redacted for the public. */
import { type AcceptedEvent, AUTOMATIC_EVENTS, SMOKE_EVENT } from "../event.ts";
import type { Ring } from "./ring.ts";
import { toWire, type WireEvent } from "./wire-event.ts";

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

const TRACKER_NAMES: ReadonlySet<string> = new Set([...AUTOMATIC_EVENTS, SMOKE_EVENT]);

/**
 * The snapshot for anyone: built from an allow-list of fields. A name that is neither our tracker's nor one of
 * `publicEvents` reads `(custom)`, since it may say what the site's business is. Times are cut to the minute, and so is
 * `since`: asking with one instant after the other would tell the very millisecond.
 */
export function redactedSnapshot(
  ring: Ring,
  filter: SnapshotFilter,
  known: { readonly fileBytes: number; readonly publicEvents: readonly string[] },
): Snapshot<RedactedEvent> {
  const shownName = ({ event }: AcceptedEvent): string =>
    TRACKER_NAMES.has(event) || known.publicEvents.includes(event) ? event : "(custom)";
  const since = filter.since === undefined ? undefined : cutToMinute(filter.since);
  const events = select(ring, { ...filter, since }, shownName);
  return {
    total: events.length,
    by_event: countByName(events, shownName),
    last_events: events.slice(0, filter.limit).map((event) => ({
      event: shownName(event),
      timestamp: cutToMinute(event.timestamp),
      visitor_id: "redacted",
    })),
    file_size_bytes: known.fileBytes,
  };
}

/** The snapshot for a reader with a key: whole events, and how many of them came in the last minute. */
export function fullSnapshot(
  ring: Ring,
  filter: SnapshotFilter,
  known: { readonly fileBytes: number; readonly nowMs: number },
): Snapshot<WireEvent> & { readonly received_last_minute: number } {
  const ownName = (event: AcceptedEvent): string => event.event;
  const events = select(ring, filter, ownName);
  const aMinuteAgo = new Date(known.nowMs - 60_000).toISOString();
  return {
    total: events.length,
    by_event: countByName(events, ownName),
    last_events: events.slice(0, filter.limit).map(toWire),
    file_size_bytes: known.fileBytes,
    received_last_minute: events.filter((event) => event.receivedAt >= aMinuteAgo).length,
  };
}

function cutToMinute(time: string): string {
  return `${time.slice(0, 16)}:00.000Z`;
}

function select(ring: Ring, filter: SnapshotFilter, name: (event: AcceptedEvent) => string): readonly AcceptedEvent[] {
  const { site, event, since } = filter;
  return ring
    .newestFirst()
    .filter(
      (held) =>
        (site === undefined || held.site === site) &&
        (event === undefined || name(held) === event) &&
        (since === undefined || held.receivedAt >= since),
    );
}

function countByName(events: readonly AcceptedEvent[], name: (event: AcceptedEvent) => string): readonly EventCount[] {
  const counts = new Map<string, number>();
  for (const event of events) counts.set(name(event), (counts.get(name(event)) ?? 0) + 1);
  return [...counts].map(([event, count]) => ({ event, count })).sort(byCountThenName);
}

function byCountThenName(a: EventCount, b: EventCount): number {
  return b.count - a.count || a.event.localeCompare(b.event);
}

/** Brings a batch of decoded events into the temporary table `incoming`: typed columns, each event once. */
import { BOOLEAN, DOUBLE, DuckDBDataChunk, UINTEGER, VARCHAR } from "@duckdb/node-api";
import type { StoredEvent } from "../event.ts";
import { columnReader } from "./columns.ts";
import type { Connection } from "./duckdb.ts";
import { EVENT_COLUMNS } from "./schema.ts";

/** An event whose id was loaded within this time around it is the same event, sent again. */
export const DUPLICATE_WINDOW_HOURS = 48;

const TYPES = { VARCHAR, DOUBLE, BOOLEAN } as const;
const CHUNK_TYPES = [UINTEGER, ...EVENT_COLUMNS.map(({ staged }) => TYPES[staged])];
const READERS = EVENT_COLUMNS.map(columnReader);
/** The most rows that a chunk of DuckDB holds. */
const CHUNK_ROWS = 2048;

const MAKE_INCOMING = `CREATE OR REPLACE TEMP TABLE incoming AS
SELECT line, ${EVENT_COLUMNS.map(({ name, cast }) => `${cast} AS "${name}"`).join(", ")} FROM staged`;

const FIND_KNOWN = `SELECT line, epoch_ms(events.timestamp) AS at
FROM incoming JOIN events USING (event_id)
WHERE events.timestamp BETWEEN incoming.timestamp - $hours * INTERVAL 1 HOUR
  AND incoming.timestamp + $hours * INTERVAL 1 HOUR
  AND events.timestamp BETWEEN $low AND $high`;

/** Fills `incoming` with the batch; returns how many events were left out because they were there already. */
export async function stageBatch(writer: Connection, events: readonly StoredEvent[]): Promise<number> {
  await writer.ask("DELETE FROM staged");
  await append(writer, events);
  await writer.ask(MAKE_INCOMING);
  const dropped = findDuplicates(events, await findKnown(writer, events));
  if (dropped.length > 0) {
    await writer.ask("DELETE FROM incoming WHERE list_contains($lines, line::VARCHAR)", { lines: dropped.map(String) });
  }
  return dropped.length;
}

async function append({ duckdb }: Connection, events: readonly StoredEvent[]): Promise<void> {
  const appender = await duckdb.createAppender("staged", "main", "temp");
  for (let from = 0; from < events.length; from += CHUNK_ROWS) {
    const rows = events.slice(from, from + CHUNK_ROWS);
    const chunk = DuckDBDataChunk.create(CHUNK_TYPES, rows.length);
    chunk.setColumnValues(
      0,
      rows.map((_, index) => from + index),
    );
    for (const [index, read] of READERS.entries()) chunk.setColumnValues(index + 1, rows.map(read));
    appender.appendDataChunk(chunk);
    // The collector shares this thread: let a request in between chunks.
    await new Promise(setImmediate);
  }
  appender.closeSync();
}

/** Times of stored events that have the id of a line of the batch and lie near it, by line. */
async function findKnown({ ask }: Connection, events: readonly StoredEvent[]): Promise<ReadonlyMap<number, number>> {
  const times = events.map((event) => Date.parse(event.timestamp));
  const around = DUPLICATE_WINDOW_HOURS * 3_600_000;
  const low = new Date(times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY) - around);
  const high = new Date(times.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) + around);
  const rows = await ask(FIND_KNOWN, { hours: DUPLICATE_WINDOW_HOURS, low, high });
  return new Map(rows.map((row) => [Number(row["line"]), Number(row["at"])]));
}

/**
 * Returns the lines of the batch to leave out. Lines are taken in order, and only what is kept can make a later line a
 * duplicate, so a batch gives what its lines one by one would give.
 */
function findDuplicates(events: readonly StoredEvent[], known: ReadonlyMap<number, number>): readonly number[] {
  const around = DUPLICATE_WINDOW_HOURS * 3_600_000;
  const kept = new Map<string, number[]>();
  const dropped: number[] = [];
  for (const [line, event] of events.entries()) {
    const id = event.eventId.toLowerCase();
    const at = Date.parse(event.timestamp);
    const before = kept.get(id);
    if (known.has(line) || before?.some((time) => Math.abs(time - at) <= around)) dropped.push(line);
    else if (before) before.push(at);
    else kept.set(id, [at]);
  }
  return dropped;
}

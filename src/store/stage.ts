/** Brings decoded events into the temporary table `incoming`, chunk by chunk: typed columns, each event once. */
import { BOOLEAN, DOUBLE, type DuckDBAppender, DuckDBDataChunk, UINTEGER, VARCHAR } from "@duckdb/node-api";
import type { StoredEvent } from "../event.ts";
import { columnReader } from "./columns.ts";
import type { Connection } from "./duckdb.ts";
import { EVENT_COLUMNS } from "./schema.ts";

/** An event whose id was loaded within this time around it is the same event, sent again. */
export const DUPLICATE_WINDOW_HOURS = 48;

const DUPLICATE_WINDOW_MS = DUPLICATE_WINDOW_HOURS * 3_600_000;
const TYPES = { VARCHAR, DOUBLE, BOOLEAN } as const;
const CHUNK_TYPES = [UINTEGER, ...EVENT_COLUMNS.map(({ staged }) => TYPES[staged])];
const READERS = EVENT_COLUMNS.map(columnReader);
/** The most rows that a chunk of DuckDB holds. */
const CHUNK_ROWS = 2048;

const MAKE_INCOMING = `CREATE OR REPLACE TEMP TABLE incoming AS
SELECT line, ${EVENT_COLUMNS.map(({ name, cast }) => `${cast} AS "${name}"`).join(", ")} FROM staged`;

const FIND_KNOWN = `SELECT DISTINCT line
FROM incoming JOIN events USING (event_id)
WHERE events.timestamp BETWEEN incoming.timestamp - $hours * INTERVAL 1 HOUR
  AND incoming.timestamp + $hours * INTERVAL 1 HOUR
  AND events.timestamp BETWEEN $low AND $high`;

type Line = { readonly id: string; readonly at: number };

/** Collects one batch. Of its events only the last chunk, the ids and the times are held in JavaScript. */
export class Stage {
  private readonly writer: Connection;
  private readonly lines: Line[] = [];
  private rows: StoredEvent[] = [];
  private appender: DuckDBAppender | undefined;

  constructor(writer: Connection) {
    this.writer = writer;
  }

  /** How many events were added. */
  get size(): number {
    return this.lines.length;
  }

  /** Adds an event as the next line of the batch. */
  async add(event: StoredEvent): Promise<void> {
    this.lines.push({ id: event.eventId.toLowerCase(), at: Date.parse(event.timestamp) });
    this.rows.push(event);
    if (this.rows.length === CHUNK_ROWS) await this.appendRows();
  }

  /** Fills `incoming` with the batch; returns how many events were left out because they were there already. */
  async finish(): Promise<number> {
    await this.appendRows();
    this.appender?.closeSync();
    const { ask } = this.writer;
    await ask(MAKE_INCOMING);
    const dropped = findDuplicates(this.lines, await this.findKnown());
    if (dropped.length > 0) {
      await ask("DELETE FROM incoming WHERE list_contains($lines, line::VARCHAR)", { lines: dropped.map(String) });
    }
    return dropped.length;
  }

  private async appendRows(): Promise<void> {
    const { rows } = this;
    if (rows.length === 0) return;
    this.rows = [];
    this.appender ??= await this.openAppender();
    const chunk = DuckDBDataChunk.create(CHUNK_TYPES, rows.length);
    const first = this.lines.length - rows.length;
    chunk.setColumnValues(
      0,
      rows.map((_, index) => first + index),
    );
    for (const [index, read] of READERS.entries()) chunk.setColumnValues(index + 1, rows.map(read));
    this.appender.appendDataChunk(chunk);
    // The collector shares this thread: no long flush at the end, and a request is let in between chunks.
    this.appender.flushSync();
    await new Promise(setImmediate);
  }

  private async openAppender(): Promise<DuckDBAppender> {
    // What a batch that failed has left behind.
    await this.writer.ask("DELETE FROM staged");
    return this.writer.duckdb.createAppender("staged", "main", "temp");
  }

  /** Lines whose id is stored within the window around them. */
  private async findKnown(): Promise<ReadonlySet<number>> {
    const low = this.lines.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
    const high = this.lines.reduce((most, { at }) => Math.max(most, at), Number.NEGATIVE_INFINITY);
    const rows = await this.writer.ask(FIND_KNOWN, {
      hours: DUPLICATE_WINDOW_HOURS,
      low: new Date(low - DUPLICATE_WINDOW_MS),
      high: new Date(high + DUPLICATE_WINDOW_MS),
    });
    return new Set(rows.map((row) => Number(row["line"])));
  }
}

/**
 * Returns the lines of the batch to leave out. Lines are taken in order, and only what is kept can make a later line a
 * duplicate, so a batch gives what its lines one by one would give.
 */
function findDuplicates(lines: readonly Line[], known: ReadonlySet<number>): readonly number[] {
  const kept = new Map<string, number[]>();
  const dropped: number[] = [];
  for (const [line, { id, at }] of lines.entries()) {
    const before = kept.get(id);
    if (known.has(line) || before?.some((time) => Math.abs(time - at) <= DUPLICATE_WINDOW_MS)) dropped.push(line);
    else if (before) before.push(at);
    else kept.set(id, [at]);
  }
  return dropped;
}

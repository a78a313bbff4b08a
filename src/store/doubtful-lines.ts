/**
 * Judges the lines that SQL could not be certain of, with `decodeLine`, which says what an event is: what is one joins
 * the rows of `incoming`, the others are counted.
 */
import { BOOLEAN, DOUBLE, DuckDBDataChunk, UINTEGER, VARCHAR } from "@duckdb/node-api";
import type { StoredEvent } from "../event.ts";
import { decodeLine, isStoredEvent, type LineProblem } from "../log/read/decode-line.ts";
import { columnReader } from "./columns.ts";
import type { Connection } from "./duckdb.ts";
import type { LeftOut } from "./line-counts.ts";
import { CREATE_STAGED, EVENT_COLUMNS } from "./schema.ts";

type StagedEvent = { readonly line: number; readonly event: StoredEvent };

const TYPES = { VARCHAR, DOUBLE, BOOLEAN } as const;
const CHUNK_TYPES = [UINTEGER, ...EVENT_COLUMNS.map(({ staged }) => TYPES[staged])];
const READERS = EVENT_COLUMNS.map(columnReader);

/** The collector shares this thread: after so many lines, some milliseconds' worth, a request is let in between. */
const LINES_AT_ONCE = 512;

const ADD_STAGED = `INSERT INTO incoming BY NAME
SELECT line, ${EVENT_COLUMNS.map(({ name, cast }) => `${cast} AS "${name}"`).join(", ")} FROM staged`;

/** Takes every line out of `incoming` that is still text, and puts back those that are events; returns the others. */
export async function judgeDoubtfulLines(writer: Connection): Promise<readonly LeftOut[]> {
  const { ask, duckdb } = writer;
  const rows = await ask("SELECT line, raw FROM incoming WHERE raw IS NOT NULL ORDER BY line");
  if (rows.length === 0) return [];
  await ask("DELETE FROM incoming WHERE raw IS NOT NULL");
  await ask(CREATE_STAGED);
  const appender = await duckdb.createAppender("staged", "main", "temp");
  const refused: LeftOut[] = [];
  for (let from = 0; from < rows.length; from += LINES_AT_ONCE) {
    const events: StagedEvent[] = [];
    for (const row of rows.slice(from, from + LINES_AT_ONCE)) {
      const line = Number(row["line"]);
      const decoded = decodeLine(String(row["raw"]));
      if (isStoredEvent(decoded)) events.push({ line, event: decoded });
      else refused.push({ line, fate: fateOf(decoded) });
    }
    if (events.length > 0) appender.appendDataChunk(toChunk(events));
    appender.flushSync();
    await new Promise(setImmediate);
  }
  appender.closeSync();
  await ask(ADD_STAGED);
  await ask("DROP TABLE staged");
  return refused;
}

function fateOf({ problem }: LineProblem): LeftOut["fate"] {
  if (problem === "erased") return "erased";
  return problem === "newer_version" ? "newer" : "damaged";
}

function toChunk(events: readonly StagedEvent[]): DuckDBDataChunk {
  const chunk = DuckDBDataChunk.create(CHUNK_TYPES, events.length);
  chunk.setColumnValues(
    0,
    events.map(({ line }) => line),
  );
  for (const [index, read] of READERS.entries()) {
    chunk.setColumnValues(
      index + 1,
      events.map(({ event }) => read(event)),
    );
  }
  return chunk;
}

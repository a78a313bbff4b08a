/** Reads the rows of a Parquet file as records under the names of the wire, in bounded memory. */
import { realpath } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { describeError, PasserbyError } from "../../errors.ts";
import { EVENT_FIELDS } from "../../event.ts";
import { openParquetDoor, quoteName, quoteText } from "../parquet-door.ts";

type Column = { readonly name: string; readonly type: string };
type WireRow = Readonly<Record<string, unknown>>;

/**
 * Yields one record a row, without the columns that are NULL in it; undefined for a row whose metadata is no JSON. Throws
 * `input_unreadable` for a file that is no Parquet or has a column that is no field of an event, and for standard input.
 */
export async function* readParquetRows(path: string): AsyncGenerator<WireRow | undefined, void, void> {
  if (path === "-") throw unreadable(path, "Parquet is read from its end: name a file, not standard input");
  const file = await realpath(path);
  const door = await openParquetDoor({ file });
  try {
    const rowsInAll = await countRows(door.connection, file);
    const result = await door.connection.stream(await selectStatement(door.connection, file, path));
    let read = 0;
    for await (const rows of result.yieldRowObjectJs()) {
      read += rows.length;
      yield* rows.map(toRecord);
    }
    // A stream that fails in the middle (damage, memory) ends like one that is done.
    if (read !== rowsInAll) throw unreadable(path, `row ${read + 1} of ${rowsInAll} and what follows cannot be read`);
  } catch (cause) {
    if (cause instanceof PasserbyError) throw cause;
    throw unreadable(path, describeError(cause).split("\n", 1)[0] ?? "", cause);
  } finally {
    door.close();
  }
}

async function countRows(connection: DuckDBConnection, file: string): Promise<number> {
  const sql = `SELECT num_rows FROM parquet_file_metadata(${quoteText(file)})`;
  return Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0]);
}

async function selectStatement(connection: DuckDBConnection, file: string, path: string): Promise<string> {
  const source = `read_parquet(${quoteText(file)})`;
  const described = await connection.runAndReadAll(
    `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${source})`,
  );
  const columns = described.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }));
  const stranger = columns.find(({ name }) => !EVENT_FIELDS.some(({ wire }) => wire === name));
  if (stranger !== undefined) {
    throw unreadable(path, `its column ${stranger.name} is no field of an event: put fields of your own into metadata`);
  }
  return `SELECT ${columns.map(selectColumn).join(", ")} FROM ${source}`;
}

/** Times become what the log writes, numbers and truth values stay, everything else becomes text. */
function selectColumn({ name, type }: Column): string {
  const quoted = quoteName(name);
  const wire = EVENT_FIELDS.find((field) => field.wire === name);
  if (wire?.column === "TIMESTAMP" && /^(TIMESTAMP|DATE)/.test(type)) {
    return `strftime(${quoted}::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.%gZ') AS ${quoted}`;
  }
  if (wire?.column === "JSON" && !/^(VARCHAR|JSON)/.test(type)) return `to_json(${quoted})::VARCHAR AS ${quoted}`;
  if (wire?.column === "DOUBLE" || (wire?.column.startsWith("U") === true && wire.column !== "UUID")) {
    return `${quoted}::DOUBLE AS ${quoted}`;
  }
  return wire?.column === "BOOLEAN" ? `${quoted}::BOOLEAN AS ${quoted}` : `${quoted}::VARCHAR AS ${quoted}`;
}

function toRecord(row: WireRow): WireRow | undefined {
  const record = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
  if (typeof record["metadata"] !== "string") return record;
  try {
    return { ...record, metadata: JSON.parse(record["metadata"]) };
  } catch {
    return undefined;
  }
}

function unreadable(path: string, reason: string, cause?: unknown): PasserbyError {
  return new PasserbyError("input_unreadable", `${path} cannot be imported: ${reason}`, { cause });
}

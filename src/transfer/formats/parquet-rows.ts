/**
 * Reads the rows of a Parquet file as records under the names of the wire. It promises that memory depends neither on the
 * number of rows nor on how wide they are; what grows with them is on disk, and has no name there.
 *
 *   file ▸ DuckDB, 128 rows at a time ▸ one line a row in a file without a name ▸ records
 *
 * DuckDB could hand its rows over, but only 2,048 at once, of which it keeps several copies, and which stay in memory until
 * V8 collects objects that look small to it: 30,000 rows of 15 KB took 1.3 GB. Its files have pages of 100 MB, three of
 * which it holds; that is as low as it gets.
 */
import { type FileHandle, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Clock } from "../../clock.ts";
import { describeError, PasserbyError } from "../../errors.ts";
import { EVENT_FIELDS } from "../../event.ts";
import { openNamelessFile } from "../nameless-file.ts";
import { openParquetDoor, quoteName, quoteText } from "../parquet-door.ts";
import { splitLines } from "../split-lines.ts";

type Kind = "text" | "number" | "boolean";
type Column = { readonly name: string; readonly kind: Kind; readonly sql: string };
type WireRow = Readonly<Record<string, unknown>>;

export type ParquetSource = {
  readonly path: string;
  /** Where there is room for the rows. */
  readonly dataDir: string;
  readonly clock: Clock;
};

/** An event takes below 100 KiB, and a third more in base64; as MAX_LINE_BYTES of the log. */
const MAX_ROW_BYTES = 1_048_576;

/** DuckDB works on 2,048 rows at a time; each made 16 times, they are 128 times 16. Below 64 it would gather them again. */
const COPIES = 16;

/** No letter of base64. */
const NULL = "-";

/**
 * Yields one record a row, without the columns that are NULL in it; undefined for a row whose metadata is no JSON. Throws
 * `input_unreadable` for a file that is no Parquet or has a column that is no field of an event, and for standard input;
 * `data_dir_unusable` where the rows find no room.
 */
export async function* readParquetRows(source: ParquetSource): AsyncGenerator<WireRow | undefined, void, void> {
  const { path, dataDir, clock } = source;
  if (path === "-") throw unreadable(path, "Parquet is read from its end: name a file, not standard input");
  // As every import's: killed before it has no name, it is cleared away.
  const spool = await openNamelessFile((random) => join(dataDir, `metrics-import-rows.${random}.tmp`), clock);
  try {
    const { columns, rowsInAll } = await unpack(source, spool);
    const chunks = spool.createReadStream({ start: 0, autoClose: false });
    let read = 0;
    for await (const lines of splitLines(chunks, MAX_ROW_BYTES)) {
      read += lines.length;
      for (const { text } of lines) yield toRecord(columns, text);
    }
    // Should DuckDB ever take damage for the end: a part of a file must not pass for the whole.
    if (read !== rowsInAll) throw unreadable(path, `row ${read + 1} of ${rowsInAll} and what follows cannot be read`);
  } finally {
    await spool.close();
  }
}

type Unpacked = { readonly columns: readonly Column[]; readonly rowsInAll: number };

/** Writes every row into the spool, as a line of texts in base64. */
async function unpack({ path, dataDir }: ParquetSource, spool: FileHandle): Promise<Unpacked> {
  const file = await realpath(path);
  const out = `/dev/fd/${spool.fd}`;
  const door = await openParquetDoor({ files: [file, out] });
  try {
    const rowsInAll = await countRows(door.connection, file);
    const columns = await listColumns(door.connection, file, path);
    await door.connection.run(copyStatement(columns, file, out));
    return { columns, rowsInAll };
  } catch (cause) {
    if (cause instanceof PasserbyError) throw cause;
    const reason = describeError(cause).split("\n", 1)[0] ?? "";
    if (!reason.includes(out)) throw unreadable(path, reason, cause);
    const message = `${dataDir} has no room for the rows of ${path} (${reason}): nothing was imported`;
    throw new PasserbyError("data_dir_unusable", message, { cause });
  } finally {
    door.close();
  }
}

async function countRows(connection: DuckDBConnection, file: string): Promise<number> {
  const sql = `SELECT num_rows FROM parquet_file_metadata(${quoteText(file)})`;
  return Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0]);
}

async function listColumns(connection: DuckDBConnection, file: string, path: string): Promise<readonly Column[]> {
  const described = await connection.runAndReadAll(
    `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(${quoteText(file)}))`,
  );
  const columns = described.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }));
  const stranger = columns.find(({ name }) => !EVENT_FIELDS.some(({ wire }) => wire === name));
  if (stranger === undefined) return columns.map(readColumn);
  throw unreadable(path, `its column ${stranger.name} is no field of an event: put fields of your own into metadata`);
}

/** Times become what the log writes, numbers and truth values stay, everything else becomes text. */
function readColumn({ name, type }: { readonly name: string; readonly type: string }): Column {
  const quoted = quoteName(name);
  const column = EVENT_FIELDS.find((field) => field.wire === name)?.column ?? "";
  if (column === "TIMESTAMP" && /^(TIMESTAMP|DATE)/.test(type)) {
    return { name, kind: "text", sql: `strftime(${quoted}::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.%gZ')` };
  }
  if (column === "JSON" && !/^(VARCHAR|JSON)/.test(type)) return { name, kind: "text", sql: `to_json(${quoted})` };
  if (column === "DOUBLE" || (column.startsWith("U") && column !== "UUID")) {
    return { name, kind: "number", sql: `${quoted}::DOUBLE` };
  }
  if (column === "BOOLEAN") return { name, kind: "boolean", sql: `${quoted}::BOOLEAN` };
  return { name, kind: "text", sql: quoted };
}

function copyStatement(columns: readonly Column[], file: string, out: string): string {
  const cells = columns.map(({ sql }) => `to_base64(encode((${sql})::VARCHAR))`);
  return `COPY (SELECT ${cells.join(", ")}
FROM (SELECT *, unnest(range(${COPIES})) AS copy FROM read_parquet(${quoteText(file)})) WHERE copy = 0)
TO ${quoteText(out)} (FORMAT csv, HEADER false, QUOTE '', NULLSTR '${NULL}', USE_TMP_FILE false)`;
}

function toRecord(columns: readonly Column[], line: string | undefined): WireRow | undefined {
  if (line === undefined) return undefined;
  const cells = line.split(",");
  const record = Object.fromEntries(
    columns.flatMap(({ name, kind }, index) => {
      const cell = cells[index] ?? NULL;
      return cell === NULL ? [] : [[name, readCell(kind, Buffer.from(cell, "base64").toString())]];
    }),
  );
  if (typeof record["metadata"] !== "string") return record;
  try {
    return { ...record, metadata: JSON.parse(record["metadata"]) };
  } catch {
    return undefined;
  }
}

function readCell(kind: Kind, text: string): unknown {
  if (kind === "number") return Number(text);
  return kind === "boolean" ? text === "true" : text;
}

function unreadable(path: string, reason: string, cause?: unknown): PasserbyError {
  return new PasserbyError("input_unreadable", `${path} cannot be imported: ${reason}`, { cause });
}

/** Writes events as a Parquet file (zstd): lines of JSON beside it first, which DuckDB then turns into columns. */
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { EventField, StoredEvent } from "../../event.ts";
import { openParquetDoor, quoteName, quoteText } from "../parquet-door.ts";
import { EXPORT_FIELDS, toWireRecord } from "./wire-record.ts";

/** A row group is held in memory: with the largest metadata, 16 KiB, this many take 64 MiB and several times that while they are packed. */
const ROW_GROUP_EVENTS = 4096;

/**
 * Writes a file `events.parquet` into a folder of its own, and returns its path. Columns have the names and types of the
 * store; times are UTC; `event_id` and `metadata` are texts, so that they come back as they were. Rows keep their order.
 */
export async function writeParquet(folder: string, batches: AsyncIterable<readonly StoredEvent[]>): Promise<string> {
  const lines = join(folder, "events.jsonl");
  const path = join(folder, "events.parquet");
  await pipeline(
    Readable.from(toFlatLines(batches), { highWaterMark: 2 }),
    createWriteStream(lines, { flags: "wx", mode: 0o600 }),
  );
  const door = await openParquetDoor({ folder });
  try {
    await door.connection.run(copyStatement(lines, path));
  } finally {
    door.close();
  }
  await rm(lines);
  return path;
}

function copyStatement(lines: string, path: string): string {
  const columns = EXPORT_FIELDS.map((field) => `${field.wire}: ${quoteText(columnType(field))}`).join(", ");
  const selected = EXPORT_FIELDS.map(({ wire }) =>
    wire === "metadata" ? "metadata::JSON AS metadata" : quoteName(wire),
  );
  return `COPY (SELECT ${selected.join(", ")}
FROM read_json(${quoteText(lines)}, format = 'newline_delimited', columns = {${columns}}))
TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP_EVENTS})`;
}

function columnType({ column }: EventField): string {
  return column === "UUID" || column === "JSON" ? "VARCHAR" : column;
}

/** Metadata as a text inside the line, so that nothing of it is read and written anew. */
async function* toFlatLines(batches: AsyncIterable<readonly StoredEvent[]>): AsyncGenerator<string, void, void> {
  for await (const batch of batches) {
    yield batch.map((event) => `${JSON.stringify(toFlatRecord(event))}\n`).join("");
  }
}

function toFlatRecord(event: StoredEvent): Readonly<Record<string, unknown>> {
  return { ...toWireRecord(event), metadata: JSON.stringify(event.metadata) };
}

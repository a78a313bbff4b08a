/** Writes events as text, batch by batch: JSON lines, which `passerby import jsonl` takes back, or CSV for a spreadsheet. */
import { stringify } from "csv-stringify/sync";
import type { StoredEvent } from "../../event.ts";
import { EXPORT_FIELDS, toWireRecord, type WireRecord } from "./wire-record.ts";

type Batches = AsyncIterable<readonly StoredEvent[]>;

/** Yields one line of JSON an event. */
export async function* toJsonLines(batches: Batches): AsyncGenerator<string, void, void> {
  for await (const batch of batches) {
    yield batch.map((event) => `${JSON.stringify(toWireRecord(event))}\n`).join("");
  }
}

/**
 * Yields a header and one record an event (RFC 4180, lines end with CR LF); metadata is a cell of JSON. A cell that a
 * spreadsheet would take for a formula, beginning with `=`, `+`, `-`, `@`, a tab or a line end, gets a `'` in front of
 * it (OWASP, CSV Injection), so such a text does not come back as it was.
 */
export async function* toCsv(batches: Batches): AsyncGenerator<string, void, void> {
  yield encodeRecords([EXPORT_FIELDS.map(({ wire }) => wire)]);
  for await (const batch of batches) {
    yield encodeRecords(batch.map(toWireRecord).map((record) => EXPORT_FIELDS.map(({ wire }) => cellOf(record, wire))));
  }
}

function encodeRecords(records: readonly (readonly string[])[]): string {
  return stringify(
    records.map((record) => [...record]),
    { escape_formulas: true, record_delimiter: "windows", cast: { string: defuseLineFeed } },
  );
}

/** What csv-stringify leaves of OWASP's list. */
function defuseLineFeed(text: string): string {
  return text.startsWith("\n") ? `'${text}` : text;
}

function cellOf(record: WireRecord, wire: string): string {
  const value = record[wire];
  if (value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

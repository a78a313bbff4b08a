/** Reads a CSV file with a header row by row (RFC 4180), with the numbers of its lines and in bounded memory. */
import { pipeline, type Readable } from "node:stream";
import { type Info, parse } from "csv-parse";
import { describeError, PasserbyError } from "../../errors.ts";
import type { ImportSource } from "../import-dataset.ts";

/** One row: the number of its last line, the byte behind it, and its cells by column. */
export type CsvRow = {
  readonly line: number;
  readonly endOffset: number;
  /** Undefined for a row that has more or fewer cells than the header. */
  readonly cells: Readonly<Record<string, string>> | undefined;
};

/** As a line of the log: no row of an export is longer. */
const MAX_ROW_BYTES = 1_048_576;

/**
 * Yields the rows; `check` is told the header first and may throw. Throws `input_unreadable` for quotes that do not fit
 * together and rows above 1 MiB: what follows cannot be told apart, so nothing is imported.
 */
export async function* readCsvRows(
  { path, chunks }: Pick<ImportSource, "path" | "chunks">,
  check: (columns: readonly string[]) => void,
): AsyncGenerator<CsvRow, void, void> {
  const parser = parse({
    ...{ bom: true, info: true, relax_column_count: true, skip_empty_lines: true, max_record_size: MAX_ROW_BYTES },
  });
  // The callback stands in for an error handler: the error itself comes out of the iteration.
  const rows: Readable = pipeline(chunks(), parser, () => undefined);
  let columns: readonly string[] | undefined;
  try {
    for await (const { info, record } of rows as AsyncIterable<{ info: Info; record: readonly string[] }>) {
      if (columns === undefined) {
        columns = record.map((name) => name.trim().toLowerCase());
        check(columns);
      } else yield { line: info.lines, endOffset: info.bytes, cells: cellsOf(columns, record) };
    }
  } catch (cause) {
    if (cause instanceof PasserbyError) throw cause;
    throw new PasserbyError("input_unreadable", `${path} is no CSV that can be read: ${describeError(cause)}`, {
      cause,
    });
  }
  if (columns === undefined) check([]);
}

function cellsOf(columns: readonly string[], record: readonly string[]): CsvRow["cells"] {
  if (record.length !== columns.length) return undefined;
  return Object.fromEntries(columns.map((name, index) => [name, record[index] ?? ""]));
}

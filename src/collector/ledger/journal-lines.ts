/**
 * The text of the ledger's files: a line for each row that has changed, with all its counts so far, and behind each
 * write a line that commits it. Rows count when their commit is whole, so a write that was cut off changes nothing.
 */
import { Compile } from "typebox/compile";
import type { LineMark } from "../../log/read/read-behind.ts";
import type { BookedRow } from "./minute-book.ts";

/** Ends a write: `n` numbers the writes of a writer, `mark` is the newest line of the log that its rows have counted. */
export type Commit = {
  readonly n: number;
  readonly atMs: number;
  readonly mark: LineMark | undefined;
  /** True for the last write of a run that ended as it should. */
  readonly isClosing: boolean;
};

/** A row as a file has it, with the number of the write that it is of. */
export type WrittenRow = BookedRow & { readonly n: number };

type RowLine = {
  readonly n: number;
  readonly minute: string;
  readonly site: string;
  readonly received: number;
  readonly stored: number;
  readonly dropped: Record<string, number>;
  readonly refused: Record<string, number>;
  readonly client_lost: number;
  readonly uncertain?: true;
};

type CommitLine = {
  readonly n: number;
  readonly at: string;
  readonly start?: string;
  readonly seq?: number;
  readonly closed?: true;
};

const TIME = "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$";
const count = { type: "integer", minimum: 0 } as const;
const reasons = { type: "object", additionalProperties: count } as const;

const rowSchema = Compile({
  type: "object",
  required: ["n", "minute", "site", "received", "stored", "dropped", "refused", "client_lost"],
  properties: {
    n: count,
    minute: { type: "string", pattern: TIME },
    site: { type: "string" },
    received: count,
    stored: count,
    dropped: reasons,
    refused: reasons,
    client_lost: count,
    uncertain: { const: true },
  },
});

const commitSchema = Compile({
  type: "object",
  required: ["n", "at"],
  properties: {
    n: count,
    at: { type: "string", pattern: TIME },
    start: { type: "string" },
    seq: count,
    closed: { const: true },
  },
});

/** Returns the line of a row. */
export function encodeRow(row: BookedRow, n: number): string {
  const line: RowLine = {
    n,
    minute: new Date(row.minuteMs).toISOString(),
    site: row.site,
    received: row.received,
    stored: row.stored,
    dropped: row.dropped,
    refused: row.refused,
    client_lost: row.clientLost,
    ...(row.uncertain && { uncertain: true }),
  };
  return `${JSON.stringify(line)}\n`;
}

/** Returns the line that ends a write. */
export function encodeCommit({ n, atMs, mark, isClosing }: Commit): string {
  const line: CommitLine = { n, at: new Date(atMs).toISOString(), ...mark, ...(isClosing && { closed: true }) };
  return `${JSON.stringify(line)}\n`;
}

/** Takes the lines of a file in their order and holds what they come to. */
export class JournalReader {
  /** The newest committed row of each minute and site. */
  readonly rows: Map<string, WrittenRow> = new Map();
  commit: Commit | undefined;
  lines = 0;
  private pending: WrittenRow[] = [];

  /** Takes a line; one that is damaged is passed over. */
  push(text: string): void {
    this.lines += 1;
    const value = parseJson(text);
    if (isRowLine(value)) this.pending.push(toRow(value));
    else if (isCommitLine(value)) this.take(toCommit(value));
  }

  private take(commit: Commit): void {
    for (const row of this.pending) if (row.n === commit.n) this.rows.set(rowKey(row), row);
    this.pending = [];
    this.commit = commit;
  }
}

/** Reads a whole file's text. */
export function readJournal(text: string): JournalReader {
  const reader = new JournalReader();
  for (const line of text.split("\n")) if (line !== "") reader.push(line);
  return reader;
}

/** The key of a row among those of a writer. */
export function rowKey(row: Pick<BookedRow, "minuteMs" | "site">): string {
  return `${row.minuteMs} ${row.site}`;
}

function toRow({ minute, client_lost, uncertain, ...same }: RowLine): WrittenRow {
  return { ...same, minuteMs: Date.parse(minute), clientLost: client_lost, uncertain: uncertain === true };
}

function toCommit({ n, at, start, seq, closed }: CommitLine): Commit {
  const mark = start === undefined || seq === undefined ? undefined : { start, seq };
  return { n, atMs: Date.parse(at), mark, isClosing: closed === true };
}

function isRowLine(value: unknown): value is RowLine {
  return rowSchema.Check(value);
}

function isCommitLine(value: unknown): value is CommitLine {
  return commitSchema.Check(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

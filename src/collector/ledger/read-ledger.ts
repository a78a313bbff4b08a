/** Reads the ledger of all writers back as rows, beside a running collector or without one. */
import { accountedFor, addCounts, type Counts, type LedgerRow, minuteOf, noCounts } from "./counts.ts";
import { listJournals, readWritten } from "./journal-files.ts";
import { rowKey } from "./journal-lines.ts";
import type { BookedRow } from "./minute-book.ts";
import { MAX_REQUEST_MS } from "./recover.ts";

/** From one time to before another, in milliseconds since 1970. */
export type TimeRange = { readonly fromMs: number; readonly toMs: number };

/** Rows as they are in the memory of the writer that asks, newer than those of its files. */
export type LiveRows = { readonly writer: number; readonly rows: Iterable<BookedRow>; readonly nowMs: number };

export type LedgerView = {
  readonly rows: readonly LedgerRow[];
  /** Rows of minutes that begin before this change no more. */
  readonly finalBeforeMs: number;
};

/** Reads the rows of a range, oldest first; those of several writers are added up. */
export async function readLedger(dataDir: string, range: TimeRange, live?: LiveRows): Promise<LedgerView> {
  const writers = new Set((await listJournals(dataDir)).map(({ writer }) => writer));
  if (live) writers.add(live.writer);
  const views: LedgerView[] = [];
  for (const writer of writers) {
    const { rows, commit } = await readWritten(dataDir, writer, range);
    const own = new Map<string, BookedRow>(rows);
    const isLive = writer === live?.writer;
    if (isLive) for (const row of live.rows) own.set(rowKey(row), row);
    const asOfMs = isLive ? live.nowMs : (commit?.atMs ?? range.toMs);
    const isClosed = !isLive && (commit === undefined || commit.isClosing);
    views.push(toView(own.values(), isClosed ? Number.POSITIVE_INFINITY : minuteOf(asOfMs - MAX_REQUEST_MS)));
  }
  return {
    rows: mergeRows(views.flatMap(({ rows }) => rows)),
    finalBeforeMs: views.reduce((first, view) => Math.min(first, view.finalBeforeMs), Number.POSITIVE_INFINITY),
  };
}

/** Adds up rows of one minute and site, such as those of several writers; oldest first, then by site. */
export function mergeRows(rows: readonly LedgerRow[]): readonly LedgerRow[] {
  type Sum = Counts & { minuteMs: number; site: string; inFlight: number; uncertain: boolean };
  const sums = new Map<string, Sum>();
  for (const row of rows) {
    const { minuteMs, site } = row;
    const sum = sums.get(rowKey(row)) ?? { ...noCounts(), minuteMs, site, inFlight: 0, uncertain: false };
    addCounts(sum, row);
    sum.inFlight += row.inFlight;
    sum.uncertain ||= row.uncertain;
    sums.set(rowKey(row), sum);
  }
  return [...sums.values()].sort((a, b) => a.minuteMs - b.minuteMs || (a.site < b.site ? -1 : 1));
}

function toView(rows: Iterable<BookedRow>, finalBeforeMs: number): LedgerView {
  const out: LedgerRow[] = [];
  for (const { minuteMs, site, received, stored, dropped, refused, clientLost, uncertain } of rows) {
    const counts = { received, stored, dropped: { ...dropped }, refused: { ...refused }, clientLost };
    const missing = received - accountedFor(counts);
    out.push({ minuteMs, site, ...counts, inFlight: minuteMs < finalBeforeMs ? 0 : Math.max(0, missing), uncertain });
  }
  return { rows: out, finalBeforeMs };
}

/**
 * The ledger: what became of every event, by minute and site. At any minute received = stored + dropped + refused, each
 * with a reason of the closed lists in event.ts; the unit is one event, and a body that could not be read into events
 * counts as one.
 *
 * Flow. A request counts what it has brought when its events are known (request-account.ts), and each event's end when
 * that comes; so the two sides are counted apart and can differ if the code is wrong. Counting adds to rows in memory
 * (books.ts), which are written once a second (flusher.ts).
 *
 * Format. One file a writer and UTC day, `ledger-YYYY-MM-DD[.wN].jsonl`: a line for each row that has changed, with all
 * its counts so far, then a line that commits the write and names the newest line of the log that is counted in it.
 * The newest committed line of a row wins; journal-lines.ts.
 *
 * After a crash. The lines of the log behind the one that was named are counted again, so `stored` is exact whatever
 * was cut off. The rest of the counts may lack what came after the last write: rows from then on are marked uncertain,
 * and have as received what is accounted for. A run that ends as it should says so in its last line.
 */
import { type Clock, utcDay } from "../../clock.ts";
import type { Appended, Log } from "../../log/log.ts";
import type { StoredBatch } from "./books.ts";
import { minuteOf } from "./counts.ts";
import { Flusher } from "./flusher.ts";
import { Journal } from "./journal.ts";
import { DAY_MS, deleteJournals } from "./journal-files.ts";
import type { MinuteBook } from "./minute-book.ts";
import { type LedgerView, readLedger, type TimeRange } from "./read-ledger.ts";
import { recoverBooks } from "./recover.ts";
import type { Arrivals, LedgerTotal } from "./since-start.ts";

export type LedgerOptions = {
  readonly dataDir: string;
  /** Number of the writer whose events are counted: 1 writes ledger-DAY.jsonl, n writes ledger-DAY.wn.jsonl. */
  readonly writer: number;
  readonly clock: Clock;
  readonly retentionDays: number;
  readonly onWarning: (message: string) => void;
};

export type Ledger = {
  /** Returns the book of the minute that a time is in, to count in; it may be held for as long as a request lasts. */
  readonly at: (timeMs: number) => MinuteBook;
  /** Counts a batch that is on disk. To be called as soon as `Log.append` has resolved, so in the order of the log. */
  readonly stored: (batch: StoredBatch, appended: Pick<Appended, "start" | "firstSeq">) => void;
  /** What has arrived for a site since the start. */
  readonly arrivals: (site: string) => Arrivals;
  /** Every figure since the start, for counters that begin at nothing. */
  readonly totals: () => readonly LedgerTotal[];
  /** Reads the rows of a range; exact as of now. */
  readonly read: (range: TimeRange) => Promise<LedgerView>;
  /** Writes what has changed. Never throws: a disk that takes nothing is warned about. */
  readonly flush: () => Promise<void>;
  /** Writes what has changed and that the run has ended as it should; nothing may be counted any more. */
  readonly close: () => Promise<void>;
};

/** What can be asked of the ledger of all writers. */
export type LedgerReader = Pick<Ledger, "read" | "arrivals">;

/** Opens a writer's ledger, and makes good what a crash has cut off. To be called between opening the log and its first append. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { dataDir, writer, clock } = options;
  deleteJournals(dataDir, writer, "");
  const { books, last } = await recoverBooks({ dataDir, writer, nowMs: clock.now() });
  const flusher = new Flusher({ ...options, books, journal: new Journal(dataDir, writer), last });
  await flusher.flush();
  books.forgetBefore(utcDay(clock.now() - DAY_MS));
  return {
    at: (timeMs) => books.at(timeMs),
    stored: (batch, { start, firstSeq }) => {
      if (batch.length > 0) books.stored(batch, { start, seq: firstSeq + batch.length - 1 });
    },
    arrivals: (site) => books.sinceStart.arrivals(site),
    totals: () => books.sinceStart.totals(),
    read: ({ fromMs, toMs }) => {
      const range = { fromMs: minuteOf(fromMs), toMs };
      return readLedger(dataDir, range, { writer, rows: books.rows(range.fromMs, toMs), nowMs: clock.now() });
    },
    flush: () => flusher.flush(),
    close: () => flusher.close(),
  };
}

/** Returns the log's append with the ledger told of every batch that is on disk, before anybody else. */
export function countStored(log: Pick<Log, "append">, ledger: Pick<Ledger, "stored">): Pick<Log, "append"> {
  return {
    append: async (events) => {
      const appended = await log.append(events);
      ledger.stored(events, appended);
      return appended;
    },
  };
}

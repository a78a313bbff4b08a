/**
 * The ledger in memory: rows by minute and site that are added to as requests come and events meet their end. Whole days
 * are read from disk before the first row of theirs is opened, so a row in memory is always the newest there is.
 */
import { utcDay } from "../../clock.ts";
import type { LineMark } from "../../log/read/read-behind.ts";
import { accountedFor, minuteOf, UNKNOWN_SITE } from "./counts.ts";
import { type BookedRow, MinuteBook, type Shared } from "./minute-book.ts";
import { SinceStart } from "./since-start.ts";

/** Events of one batch, as the log takes them. */
export type StoredBatch = readonly { readonly site: string; readonly receivedAt: string }[];

export class Books {
  /** The newest line of the log that is counted as stored. */
  mark: LineMark | undefined;
  private readonly readDay: (day: string) => Iterable<BookedRow>;
  private readonly shared: Shared = { sinceStart: new SinceStart(), dirty: [] };
  private readonly minutes = new Map<number, MinuteBook>();
  private readonly days = new Set<string>();
  private current: MinuteBook | undefined;

  /** `readDay` returns the rows of a UTC day (`2026-11-23`) that are on disk. */
  constructor(readDay: (day: string) => Iterable<BookedRow>) {
    this.readDay = readDay;
  }

  get sinceStart(): SinceStart {
    return this.shared.sinceStart;
  }

  /** Returns the book of the minute that a time is in; it may be held for as long as a request lasts. */
  at(timeMs: number): MinuteBook {
    const minuteMs = minuteOf(timeMs);
    if (this.current?.minuteMs === minuteMs) return this.current;
    this.openDay(utcDay(minuteMs));
    const minute = this.minutes.get(minuteMs) ?? new MinuteBook(minuteMs, this.shared);
    this.minutes.set(minuteMs, minute);
    this.current = minute;
    return minute;
  }

  /** Counts a batch that the log has put on disk, up to the line `mark`. To be called in the order of the log. */
  stored(batch: StoredBatch, mark: LineMark): void {
    for (const { site, receivedAt } of batch) this.minuteOfText(receivedAt).stored(site);
    this.mark = mark;
  }

  /** Reads a day, if it is not in memory. */
  openDay(day: string): void {
    if (this.days.has(day)) return;
    this.days.add(day);
    for (const row of this.readDay(day)) this.at(row.minuteMs).load(row);
  }

  /** Yields the rows of the minutes that are in memory, from one on to before another. */
  *rows(fromMs: number, toMs: number): Generator<BookedRow> {
    for (const [minuteMs, minute] of this.minutes) if (minuteMs >= fromMs && minuteMs < toMs) yield* minute.rows();
  }

  /** Returns the rows that have changed since it was called last. */
  takeDirty(): readonly BookedRow[] {
    const rows = this.shared.dirty.splice(0);
    for (const row of rows) row.isDirty = false;
    return rows;
  }

  /** Says that rows could not be written: they are among the next changed ones. */
  giveBack(rows: readonly BookedRow[]): void {
    for (const { minuteMs, site } of rows) this.at(minuteMs).touch(site);
  }

  /** Forgets whole days before one, but for minutes that are not on disk. */
  forgetBefore(day: string): void {
    const unwritten = new Set(this.shared.dirty.map((row) => row.minuteMs));
    for (const minuteMs of this.minutes.keys()) {
      if (utcDay(minuteMs) < day && !unwritten.has(minuteMs)) this.minutes.delete(minuteMs);
    }
    for (const known of this.days) if (known < day) this.days.delete(known);
    this.current = undefined;
  }

  /**
   * Marks what a crash may have cut: the rows from one minute to another. In the first of these minutes each site gets a
   * row, so that the crash is seen where nothing else was counted, and in the last one `(unknown)` gets one, which makes
   * rows that are opened in it later uncertain, too.
   */
  doubtBetween(fromMs: number, toMs: number): void {
    for (const site of this.sites()) this.at(fromMs).touch(site);
    for (const timeMs of [fromMs, toMs]) this.at(timeMs).touch(UNKNOWN_SITE);
    for (const row of [...this.rows(minuteOf(fromMs), toMs + 1)]) this.at(row.minuteMs).doubt(row.site);
  }

  /** Marks rows from one minute on whose events have not all met their end: whoever held the rest is gone. */
  doubtOpenSince(fromMs: number): void {
    for (const row of [...this.rows(fromMs, Number.POSITIVE_INFINITY)]) {
      if (row.received !== accountedFor(row)) this.at(row.minuteMs).doubt(row.site);
    }
  }

  /** As `at`; most events are of the same minute as the one before, which their text shows without being parsed. */
  private minuteOfText(receivedAt: string): MinuteBook {
    if (this.current !== undefined && receivedAt.startsWith(this.current.text)) return this.current;
    return this.at(Date.parse(receivedAt));
  }

  private sites(): Set<string> {
    return new Set([...this.rows(0, Number.POSITIVE_INFINITY)].map(({ site }) => site));
  }
}

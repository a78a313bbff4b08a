/** The ledger's rows of one minute, by site; counting is a few additions on a row that is at hand. */
import type { DropReason, RefusalReason } from "../../event.ts";
import { accountedFor, addReason, type Counts, type CountsView, noCounts, UNKNOWN_SITE } from "./counts.ts";
import type { SinceStart } from "./since-start.ts";

/** A row as it is kept in memory and on disk. */
export type BookedRow = CountsView & { readonly minuteMs: number; readonly site: string; readonly uncertain: boolean };

/** A refusal of events; `origin` is the origin that was refused. */
export type Refusal = { readonly reason: RefusalReason; readonly count: number; readonly origin?: string | undefined };

/** A row that is being added to. */
export type Row = Counts & { readonly minuteMs: number; readonly site: string; uncertain: boolean; isDirty: boolean };

/** What the minutes of a ledger share: the sums since the start, and the rows that have changed. */
export type Shared = { readonly sinceStart: SinceStart; readonly dirty: Row[] };

/** A row, and the counts of its site since the start. */
type OpenRow = { readonly row: Row; readonly total: Counts };

export class MinuteBook {
  readonly minuteMs: number;
  /** What every ISO time of the minute begins with, `2026-11-23T12:00`. */
  readonly text: string;
  private readonly shared: Shared;
  private readonly open = new Map<string, OpenRow>();

  constructor(minuteMs: number, shared: Shared) {
    this.minuteMs = minuteMs;
    this.text = new Date(minuteMs).toISOString().slice(0, "2026-11-23T12:00".length);
    this.shared = shared;
  }

  /** Counts events, or bodies that could not be read into events, that have come. */
  received(site: string, count: number): void {
    const { row, total } = this.rowOf(site);
    row.received += count;
    total.received += count;
  }

  /** Counts an event that is on disk. */
  stored(site: string): void {
    const { row, total } = this.rowOf(site);
    row.stored += 1;
    total.stored += 1;
  }

  /** Counts an event that was left out on purpose. */
  dropped(site: string, reason: DropReason): void {
    const { row, total } = this.rowOf(site);
    addReason(row.dropped, reason, 1);
    addReason(total.dropped, reason, 1);
  }

  /** Counts events, or bodies that could not be read into events, that were refused. */
  refused(site: string, { reason, count, origin }: Refusal): void {
    const { row, total } = this.rowOf(site);
    addReason(row.refused, reason, count);
    addReason(total.refused, reason, count);
    if (origin !== undefined) this.shared.sinceStart.noteOrigin(site, origin, count);
  }

  /** Counts events that clients had to give up. */
  lost(site: string, count: number): void {
    const { row, total } = this.rowOf(site);
    row.clientLost += count;
    total.clientLost += count;
  }

  /** Takes a row over from the disk; one that is in memory is newer. */
  load(read: BookedRow): void {
    if (!this.open.has(read.site)) this.addRow(read.site, read);
  }

  /** Adds to `stored` what the log has and no ledger had counted; nothing of it came since the start. */
  recount(site: string, count: number): void {
    this.rowOf(site).row.stored += count;
  }

  /** Makes sure that there is a row, and that it is among those to be written. */
  touch(site: string): void {
    this.rowOf(site);
  }

  /** Marks a row as one that a crash may have cut, and takes what is accounted for as what was received. */
  doubt(site: string): void {
    const { row } = this.rowOf(site);
    row.received = accountedFor(row);
    row.uncertain = true;
  }

  /** Every row of the minute. */
  *rows(): Generator<Row> {
    for (const { row } of this.open.values()) yield row;
  }

  private rowOf(site: string): OpenRow {
    const opened = this.open.get(site) ?? this.addRow(site, { ...noCounts(), uncertain: this.isUncertain });
    if (opened.row.isDirty) return opened;
    opened.row.isDirty = true;
    this.shared.dirty.push(opened.row);
    return opened;
  }

  /** A crash within the minute has left its mark for sites that had no row then. */
  private get isUncertain(): boolean {
    return this.open.get(UNKNOWN_SITE)?.row.uncertain ?? false;
  }

  private addRow(site: string, counts: CountsView & { readonly uncertain: boolean }): OpenRow {
    const { received, stored, clientLost, uncertain } = counts;
    const reasons = { dropped: { ...counts.dropped }, refused: { ...counts.refused } };
    const row = { minuteMs: this.minuteMs, site, received, stored, ...reasons, clientLost, uncertain, isDirty: false };
    const opened = { row, total: this.shared.sinceStart.of(site) };
    this.open.set(site, opened);
    return opened;
  }
}

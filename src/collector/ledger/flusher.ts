/**
 * Brings the ledger from memory to disk, one write at a time and never in a request's way. A disk that takes nothing
 * stops no counting: it is warned about once, and the rows wait for the next write.
 */
import { type Clock, utcDay } from "../../clock.ts";
import { describeError } from "../../errors.ts";
import type { Books } from "./books.ts";
import { minuteOf } from "./counts.ts";
import type { Journal } from "./journal.ts";
import { DAY_MS, deleteJournals } from "./journal-files.ts";
import { type Commit, encodeCommit, encodeRow } from "./journal-lines.ts";
import type { BookedRow } from "./minute-book.ts";

export type FlusherOptions = {
  readonly books: Books;
  readonly journal: Journal;
  readonly dataDir: string;
  readonly writer: number;
  readonly clock: Clock;
  readonly retentionDays: number;
  readonly onWarning: (message: string) => void;
  /** Number and UTC day of the last write of earlier runs. */
  readonly last: { readonly n: number; readonly day: string };
};

export class Flusher {
  private readonly options: FlusherOptions;
  private n: number;
  private writtenMinuteMs = 0;
  private day: string;
  private running: Promise<void> | undefined;
  private lastWarning = "";

  constructor(options: FlusherOptions) {
    this.options = options;
    this.n = options.last.n;
    this.day = options.last.day;
  }

  /** Writes what has changed, and once a minute that nothing has. Never throws. */
  async flush(): Promise<void> {
    this.running ??= this.run(false).finally(() => {
      this.running = undefined;
    });
    await this.running;
  }

  /** Writes what has changed and that all is well. Never throws. */
  async close(): Promise<void> {
    await this.running;
    await this.run(true);
  }

  private async run(isClosing: boolean): Promise<void> {
    const nowMs = this.options.clock.now();
    const written = await this.attempt("written", () => this.write(nowMs, isClosing));
    if (!written) return;
    const day = utcDay(nowMs);
    if (day === this.day) await this.attempt("written anew", () => this.options.journal.compactGrown());
    else await this.attempt("tidied", () => this.endDay(day));
  }

  private async write(nowMs: number, isClosing: boolean): Promise<void> {
    const { books } = this.options;
    const { mark } = books;
    const rows = books.takeDirty();
    if (rows.length === 0 && !isClosing && minuteOf(nowMs) === this.writtenMinuteMs) return;
    this.n += 1;
    try {
      await this.append(rows, { n: this.n, atMs: nowMs, mark, isClosing });
    } catch (error) {
      books.giveBack(rows);
      throw error;
    }
    this.writtenMinuteMs = minuteOf(nowMs);
  }

  /**
   * Rows of days far from today, which a start counts anew, go to the files of those days, and first: the mark, which
   * says that everything up to it is counted, stands in the file of today only. Without it all is counted anew.
   */
  private async append(rows: readonly BookedRow[], commit: Commit): Promise<void> {
    const { journal } = this.options;
    const today = utcDay(commit.atMs);
    const near = new Set([-1, 0, 1].map((days) => utcDay(commit.atMs + days * DAY_MS)));
    const byFile = Map.groupBy(rows, ({ minuteMs }) => (near.has(utcDay(minuteMs)) ? today : utcDay(minuteMs)));
    // All is put into text before anything is waited for: what is counted meanwhile is behind the mark.
    const texts = new Map([...byFile].map(([day, own]) => [day, own.map((row) => encodeRow(row, commit.n)).join("")]));
    const last = texts.get(today) ?? "";
    texts.delete(today);
    for (const [day, text] of texts) {
      await journal.append(day, text + encodeCommit({ ...commit, mark: undefined }), { sync: false });
    }
    await journal.append(today, last + encodeCommit(commit), { sync: commit.isClosing });
  }

  /** A new day: the files of the last one get their final form, old ones are deleted, memory keeps two days. */
  private async endDay(day: string): Promise<void> {
    const { books, journal, dataDir, writer, retentionDays } = this.options;
    const ended = this.day;
    this.day = day;
    const startMs = Date.parse(day);
    books.forgetBefore(utcDay(startMs - DAY_MS));
    books.openDay(utcDay(startMs + DAY_MS));
    deleteJournals(dataDir, writer, utcDay(startMs - retentionDays * DAY_MS));
    await journal.compact(ended);
  }

  /** Does a piece of work that a disk may refuse; warns when that begins and when it ends. */
  private async attempt(what: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
    } catch (error) {
      const warning = `the ledger's file could not be ${what}; counting goes on, and it is tried again: ${describeError(error)}`;
      if (warning !== this.lastWarning) this.options.onWarning(warning);
      this.lastWarning = warning;
      return false;
    }
    if (what === "written" && this.lastWarning !== "") {
      this.lastWarning = "";
      this.options.onWarning("the ledger's file can be written again, and holds all that was counted");
    }
    return true;
  }
}

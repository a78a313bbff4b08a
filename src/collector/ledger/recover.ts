/**
 * What a start makes of the ledger that the last run left: `stored` is recounted from the log where no file has counted
 * it, and what a crash may have cut off is marked.
 */
import { utcDay } from "../../clock.ts";
import { readBehind } from "../../log/read/read-behind.ts";
import { Books } from "./books.ts";
import { MINUTE_MS } from "./counts.ts";
import { DAY_MS, listJournalsNow, readDayNow, readJournalNow } from "./journal-files.ts";
import type { Commit } from "./journal-lines.ts";

/** A request that has no answer after this long is taken for lost; a slow client is cut off after 15 s. */
export const MAX_REQUEST_MS: number = 2 * MINUTE_MS;
/** Files searched for the newest write: more than one only after a clock was set back. */
const NEWEST_FILES = 3;

export type RecoverOptions = { readonly dataDir: string; readonly writer: number; readonly nowMs: number };

/** The ledger as of now, and the last write that was found. */
export type Recovered = { readonly books: Books; readonly last: { readonly n: number; readonly day: string } };

type Recounted = Map<number, Map<string, number>>;

/** Reads a writer's ledger. To be called when the log is open and nothing has been appended yet. */
export async function recoverBooks({ dataDir, writer, nowMs }: RecoverOptions): Promise<Recovered> {
  const books = new Books((day) => readDayNow(dataDir, writer, day).rows.values());
  const commit = findLastCommit(dataDir, writer);
  const days = [commit?.atMs ?? nowMs, nowMs - DAY_MS, nowMs, nowMs + DAY_MS];
  for (const dayMs of days) books.openDay(utcDay(dayMs));
  books.mark = commit?.mark;
  const recountedFromMs = await recount(books, { dataDir, writer, nowMs });
  const openFromMs = commit && !commit.isClosing ? commit.atMs - MAX_REQUEST_MS : Number.POSITIVE_INFINITY;
  books.doubtOpenSince(Math.min(recountedFromMs, openFromMs));
  if (commit && !commit.isClosing) books.doubtBetween(commit.atMs, nowMs);
  return { books, last: { n: commit?.n ?? 0, day: utcDay(commit?.atMs ?? nowMs) } };
}

/** Finds the last write of a writer; undefined where it has none. */
export function findLastCommit(dataDir: string, writer: number): Commit | undefined {
  const files = listJournalsNow(dataDir).filter((file) => file.writer === writer);
  const commits = files.slice(-NEWEST_FILES).map(({ name }) => readJournalNow(dataDir, name).commit);
  const found = commits.filter((commit) => commit !== undefined);
  return found.reduce<Commit | undefined>((last, next) => (last && last.n > next.n ? last : next), undefined);
}

/**
 * Counts what the log has behind the mark; all that it has where there is no mark, or the log has lost its line. Returns
 * the first minute that is concerned, infinity for none.
 */
async function recount(books: Books, { dataDir, writer, nowMs }: RecoverOptions): Promise<number> {
  const { mark } = books;
  const counted: Recounted = new Map();
  let isLost = false;
  const behind = readBehind(dataDir, writer, mark, () => {
    isLost = true;
  });
  for await (const event of behind) {
    const minuteMs = Math.floor(Date.parse(event.receivedAt) / MINUTE_MS) * MINUTE_MS;
    const sites = counted.get(minuteMs) ?? new Map<string, number>();
    counted.set(minuteMs, sites.set(event.site, (sites.get(event.site) ?? 0) + 1));
    books.mark = { start: event.start, seq: event.seq };
  }
  const fromMs = [...counted.keys()].reduce((first, minuteMs) => Math.min(first, minuteMs), Number.POSITIVE_INFINITY);
  if (isLost) clearStored(books, fromMs, nowMs);
  for (const [minuteMs, sites] of counted) {
    for (const [site, count] of sites) books.at(minuteMs).recount(site, count);
  }
  return fromMs;
}

/** Everything from the first line of the log on is counted anew. */
function clearStored(books: Books, fromMs: number, nowMs: number): void {
  for (let dayMs = fromMs; dayMs <= nowMs + DAY_MS; dayMs += DAY_MS) books.openDay(utcDay(dayMs));
  for (const { minuteMs, site, stored } of [...books.rows(fromMs, Number.POSITIVE_INFINITY)]) {
    if (stored > 0) books.at(minuteMs).recount(site, -stored);
  }
}

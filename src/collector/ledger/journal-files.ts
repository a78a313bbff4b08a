/** The ledger's files: one a writer and UTC day, `ledger-YYYY-MM-DD[.wN].jsonl`; finds, reads and deletes them. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { utcDay } from "../../clock.ts";
import { PasserbyError, systemErrorCode } from "../../errors.ts";
import { type Commit, type JournalReader, readJournal, rowKey, type WrittenRow } from "./journal-lines.ts";

export const DAY_MS = 86_400_000;

const NAME = /^ledger-(\d{4}-\d{2}-\d{2})(?:\.w([1-9]\d{0,3}))?\.jsonl$/;
const LEFTOVER = /^ledger-.+\.jsonl\.tmp$/;

export type JournalFile = { readonly name: string; readonly day: string; readonly writer: number };

/** What a writer's files say of some days. */
export type WrittenRows = {
  readonly rows: ReadonlyMap<string, WrittenRow>;
  /** The newest write among them. */
  readonly commit: Commit | undefined;
};

/** Returns the name of a writer's file of a UTC day. */
export function journalName(day: string, writer: number): string {
  return `ledger-${day}${writer === 1 ? "" : `.w${writer}`}.jsonl`;
}

/** Lists the files of all writers, oldest day first; an empty list for a folder that does not exist. */
export async function listJournals(dataDir: string): Promise<readonly JournalFile[]> {
  try {
    return parseNames(await readdir(dataDir));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** As listJournals, for the start of a writer. */
export function listJournalsNow(dataDir: string): readonly JournalFile[] {
  return parseNames(readdirSync(dataDir));
}

/**
 * Reads the rows of a writer from one time to before another. A row stands in the file of its own day or in a
 * neighbour's, where the write was over midnight.
 */
export async function readWritten(
  dataDir: string,
  writer: number,
  range: { readonly fromMs: number; readonly toMs: number },
): Promise<WrittenRows> {
  const [first, last] = [utcDay(range.fromMs - DAY_MS), utcDay(range.toMs + DAY_MS)];
  const files = (await listJournals(dataDir)).filter((file) => file.writer === writer);
  const journals: JournalReader[] = [];
  for (const { name, day } of files) {
    if (day < first || day > last) continue;
    journals.push(readJournal(await readFile(join(dataDir, name), "utf8").catch(emptyIfGone)));
  }
  return merge(journals, ({ minuteMs }) => minuteMs >= range.fromMs && minuteMs < range.toMs);
}

/** Reads the rows of a writer of one UTC day, at once: for the few moments when a row is needed that is not in memory. */
export function readDayNow(dataDir: string, writer: number, day: string): WrittenRows {
  const noon = Date.parse(day);
  const days = [utcDay(noon - DAY_MS), day, utcDay(noon + DAY_MS)];
  return merge(
    days.map((near) => readJournalNow(dataDir, journalName(near, writer))),
    ({ minuteMs }) => utcDay(minuteMs) === day,
  );
}

/** Reads one file at once; an empty one where there is none. Throws `data_dir_unusable`. */
export function readJournalNow(dataDir: string, name: string): JournalReader {
  try {
    return readJournal(readFileSync(join(dataDir, name), "utf8"));
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT") return readJournal("");
    throw new PasserbyError("data_dir_unusable", `${name} cannot be read: check its owner and mode (0600)`, { cause });
  }
}

/** Deletes a writer's files of days before one, and what killed processes have left. */
export function deleteJournals(dataDir: string, writer: number, before: string): void {
  for (const name of readdirSync(dataDir)) {
    const [, day, number] = NAME.exec(name.replace(/\.tmp$/, "")) ?? [];
    const isOwn = day !== undefined && Number(number ?? 1) === writer;
    if (isOwn && (day < before || LEFTOVER.test(name))) rmSync(join(dataDir, name), { force: true });
  }
}

function parseNames(names: readonly string[]): readonly JournalFile[] {
  const files = names.map((name) => {
    const [, day, writer] = NAME.exec(name) ?? [];
    return day === undefined ? undefined : { name, day, writer: Number(writer ?? 1) };
  });
  const found = files.filter((file) => file !== undefined);
  return found.sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : a.writer - b.writer));
}

function merge(journals: readonly JournalReader[], isWanted: (row: WrittenRow) => boolean): WrittenRows {
  const rows = new Map<string, WrittenRow>();
  let commit: Commit | undefined;
  for (const journal of journals) {
    for (const row of journal.rows.values()) {
      const known = rows.get(rowKey(row));
      if (isWanted(row) && (known === undefined || known.n <= row.n)) rows.set(rowKey(row), row);
    }
    if (journal.commit && (commit === undefined || journal.commit.n >= commit.n)) commit = journal.commit;
  }
  return { rows, commit };
}

function emptyIfGone(error: unknown): string {
  if (systemErrorCode(error) === "ENOENT") return "";
  throw error;
}

/** Compares what the ledger has as stored with the lines of the log, all of them: the proof that its recount holds. */
import type { StoredEvent } from "../../event.ts";
import { type LogFile, listLogFiles } from "../../log/files/log-files.ts";
import { isStoredEvent, type LineProblem } from "../../log/read/decode-line.ts";
import { openListed } from "../../log/read/open-listed.ts";
import { minuteOf } from "./counts.ts";
import { type ErasedSpan, unexplained } from "./erased-spans.ts";
import type { TimeRange } from "./read-ledger.ts";

/** What a ledger has as stored; `from` is the start of the minute. */
type StoredRow = { readonly from: string; readonly site: string; readonly stored: number };

export type StoredCheck = {
  /** Events in the log that were compared. */
  readonly events: number;
  /** Events that the log lacks and that were erased. */
  readonly erased: number;
  readonly differences: readonly (StoredRow & { readonly inLog: number })[];
};

type CheckedRange = TimeRange & { readonly site: string | null };

/**
 * Counts the log and compares it with rows of minutes, within a range and for a site (null: all). Minutes before the first
 * event of the log are left out: its files may have been deleted by age before the ledger's. What the log lacks where
 * lines between the same minutes were erased is no difference.
 */
export async function checkStored(
  dataDir: string,
  rows: readonly StoredRow[],
  range: CheckedRange,
): Promise<StoredCheck> {
  const { inLog, events, firstMs, spans } = await countLog(dataDir, range);
  const told = new Map(rows.map((row) => [keyOf(row.from, row.site), row.stored]));
  const compared = [...new Set([...inLog.keys(), ...told.keys()])].flatMap((key) => {
    const [from = "", site = ""] = key.split("\n");
    const timeMs = Date.parse(from);
    const isCompared = timeMs >= Math.max(firstMs, range.fromMs) && timeMs < range.toMs;
    const row = { from, site, stored: told.get(key) ?? 0, inLog: inLog.get(key) ?? 0 };
    return isCompared && row.stored !== row.inLog ? [row] : [];
  });
  compared.sort((a, b) => (a.from < b.from ? -1 : 1));
  const lacking = compared.map(({ from, stored, inLog: lines }) => ({
    minuteMs: Date.parse(from),
    events: Math.max(0, stored - lines),
  }));
  const rest = unexplained(lacking, spans);
  const erased = lacking.reduce((sum, lack, index) => sum + lack.events - (rest[index] ?? 0), 0);
  const isExplained = ({ stored, inLog: lines }: StoredRow & { readonly inLog: number }, index: number): boolean =>
    stored > lines && rest[index] === 0;
  return { events, erased, differences: compared.filter((row, index) => !isExplained(row, index)) };
}

type Counted = {
  readonly inLog: ReadonlyMap<string, number>;
  readonly events: number;
  readonly firstMs: number;
  readonly spans: readonly ErasedSpan[];
};

async function countLog(dataDir: string, { fromMs, toMs, site: only }: CheckedRange): Promise<Counted> {
  const inLog = new Map<string, number>();
  const spans: ErasedSpan[] = [];
  let firstMs = Number.POSITIVE_INFINITY;
  let events = 0;
  for (const writer of await listWriters(dataDir)) {
    let before = Number.NEGATIVE_INFINITY;
    let erased = 0;
    const endSpan = (minuteMs: number): void => {
      if (erased > 0) spans.push({ fromMs: before, toMs: minuteMs, lines: erased });
      erased = 0;
      before = minuteMs;
    };
    for await (const decoded of readWriter(dataDir, writer)) {
      if (!isStoredEvent(decoded)) {
        if (decoded.problem === "erased") erased += 1;
        continue;
      }
      const { receivedAt, site } = decoded;
      const minuteMs = minuteOf(Date.parse(receivedAt));
      endSpan(minuteMs);
      firstMs = Math.min(firstMs, minuteMs);
      if (minuteMs < fromMs || minuteMs >= toMs || (only !== null && site !== only)) continue;
      const key = keyOf(new Date(minuteMs).toISOString(), site);
      inLog.set(key, (inLog.get(key) ?? 0) + 1);
      events += 1;
    }
    endSpan(Number.POSITIVE_INFINITY);
  }
  return { inLog, events, firstMs, spans };
}

async function listWriters(dataDir: string): Promise<ReadonlySet<number>> {
  return new Set((await listCollected(dataDir)).map(({ writer }) => writer));
}

async function* readWriter(dataDir: string, writer: number): AsyncGenerator<StoredEvent | LineProblem, void, void> {
  for (const file of await listCollected(dataDir)) {
    if (file.writer !== writer) continue;
    const opened = await openListed(dataDir, file);
    if (!opened) continue; // Deleted by its age meanwhile.
    try {
      for await (const { decoded } of opened.events(0)) yield decoded;
    } finally {
      await opened.close();
    }
  }
}

async function listCollected(dataDir: string): Promise<readonly Exclude<LogFile, { readonly kind: "import" }>[]> {
  return (await listLogFiles(dataDir)).filter((file) => file.kind !== "import");
}

function keyOf(from: string, site: string): string {
  return `${from}\n${site}`;
}

/** Compares what the ledger has as stored with the lines of the log, all of them: the proof that its recount holds. */
import type { StoredEvent } from "../../event.ts";
import { listLogFiles } from "../../log/files/log-files.ts";
import { isStoredEvent, type LineProblem } from "../../log/read/decode-line.ts";
import { openListed } from "../../log/read/open-listed.ts";
import { minuteOf } from "./counts.ts";
import type { TimeRange } from "./read-ledger.ts";

/** What a ledger has as stored; `from` is the start of the minute. */
type StoredRow = { readonly from: string; readonly site: string; readonly stored: number };

export type StoredCheck = {
  /** Events in the log that were compared. */
  readonly events: number;
  /** Lines that an erasure has emptied: of which minute and site they were is gone with them. */
  readonly erased: number;
  readonly differences: readonly (StoredRow & { readonly inLog: number })[];
};

/**
 * Counts the log and compares it with rows of minutes, within a range and for a site (null: all). Minutes before the first event of the log are left
 * out: its files may have been deleted by age before the ledger's. Where the log lacks no more events than were erased, it
 * is the erasure that they are missing for, and that is no difference.
 */
export async function checkStored(
  dataDir: string,
  rows: readonly StoredRow[],
  range: TimeRange & { readonly site: string | null },
): Promise<StoredCheck> {
  const inLog = new Map<string, number>();
  let firstMs = Number.POSITIVE_INFINITY;
  let events = 0;
  let erased = 0;
  for (const writer of await listWriters(dataDir)) {
    for await (const decoded of readAll(dataDir, writer)) {
      if (!isStoredEvent(decoded)) {
        if (decoded.problem === "erased") erased += 1;
        continue;
      }
      const { receivedAt, site } = decoded;
      const minuteMs = minuteOf(Date.parse(receivedAt));
      firstMs = Math.min(firstMs, minuteMs);
      if (minuteMs < range.fromMs || minuteMs >= range.toMs) continue;
      if (range.site !== null && site !== range.site) continue;
      const key = keyOf(new Date(minuteMs).toISOString(), site);
      inLog.set(key, (inLog.get(key) ?? 0) + 1);
      events += 1;
    }
  }
  const told = new Map(rows.map((row) => [keyOf(row.from, row.site), row.stored]));
  const differences = [...new Set([...inLog.keys(), ...told.keys()])].flatMap((key) => {
    const [from = "", site = ""] = key.split("\n");
    const difference = { from, site, stored: told.get(key) ?? 0, inLog: inLog.get(key) ?? 0 };
    const timeMs = Date.parse(from);
    const isCompared = timeMs >= Math.max(firstMs, range.fromMs) && timeMs < range.toMs;
    return isCompared && difference.stored !== difference.inLog ? [difference] : [];
  });
  const isExplained = differences.every(({ stored, inLog }) => inLog < stored) && sumMissing(differences) <= erased;
  return { events, erased, differences: isExplained ? [] : differences.sort((a, b) => (a.from < b.from ? -1 : 1)) };
}

function sumMissing(differences: StoredCheck["differences"]): number {
  return differences.reduce((sum, { stored, inLog }) => sum + stored - inLog, 0);
}

async function* readAll(dataDir: string, writer: number): AsyncGenerator<StoredEvent | LineProblem, void, void> {
  for (const file of await listLogFiles(dataDir)) {
    if (file.kind === "import" || file.writer !== writer) continue;
    const opened = await openListed(dataDir, file);
    if (!opened) continue; // Deleted by its age meanwhile.
    try {
      for await (const { decoded } of opened.events(0)) yield decoded;
    } finally {
      await opened.close();
    }
  }
}

async function listWriters(dataDir: string): Promise<ReadonlySet<number>> {
  const files = await listLogFiles(dataDir);
  return new Set(files.flatMap((file) => (file.kind === "import" ? [] : file.writer)));
}

function keyOf(from: string, site: string): string {
  return `${from}\n${site}`;
}

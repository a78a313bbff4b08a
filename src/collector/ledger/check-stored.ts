/** Compares what the ledger has as stored with the lines of the log, all of them: the proof that its recount holds. */
import { listLogFiles } from "../../log/files/log-files.ts";
import { readBehind } from "../../log/read/read-behind.ts";
import { minuteOf } from "./counts.ts";
import type { TimeRange } from "./read-ledger.ts";

/** What a ledger has as stored; `from` is the start of the minute. */
type StoredRow = { readonly from: string; readonly site: string; readonly stored: number };

export type StoredCheck = {
  /** Events in the log that were compared. */
  readonly events: number;
  readonly differences: readonly (StoredRow & { readonly inLog: number })[];
};

/**
 * Counts the log and compares it with rows of minutes, within a range and for a site (null: all). Minutes before the first event of the log are left
 * out: its files may have been deleted by age before the ledger's.
 */
export async function checkStored(
  dataDir: string,
  rows: readonly StoredRow[],
  range: TimeRange & { readonly site: string | null },
): Promise<StoredCheck> {
  const inLog = new Map<string, number>();
  let firstMs = Number.POSITIVE_INFINITY;
  let events = 0;
  for (const writer of await listWriters(dataDir)) {
    for await (const { receivedAt, site } of readBehind(dataDir, writer, undefined)) {
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
  return { events, differences: differences.sort((a, b) => (a.from < b.from ? -1 : 1)) };
}

async function listWriters(dataDir: string): Promise<ReadonlySet<number>> {
  const files = await listLogFiles(dataDir);
  return new Set(files.flatMap((file) => (file.kind === "import" ? [] : file.writer)));
}

function keyOf(from: string, site: string): string {
  return `${from}\n${site}`;
}

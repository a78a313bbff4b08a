/** Makes good the ledgers of writers that run no more, such as after a start with fewer workers. */
import { utcDay } from "../../clock.ts";
import { listLogFiles } from "../../log/files/log-files.ts";
import { DAY_MS, deleteJournals, listJournals } from "./journal-files.ts";
import { type LedgerOptions, openLedger } from "./open-ledger.ts";
import { findLastCommit } from "./recover.ts";

/**
 * Closes every ledger of the folder that was left open, or that the log has lines for and there is none of, but for
 * those of the writers that are about to run; deletes what is past its time. For the owner of the folder, at its start.
 */
export async function settleLedgers(
  options: Omit<LedgerOptions, "writer">,
  running: ReadonlySet<number>,
): Promise<void> {
  const { dataDir, clock, retentionDays } = options;
  const files = [...(await listJournals(dataDir)), ...(await listLogFiles(dataDir))];
  const writers = new Set(files.flatMap((file) => ("writer" in file && !running.has(file.writer) ? file.writer : [])));
  for (const writer of writers) {
    if (findLastCommit(dataDir, writer)?.isClosing) {
      deleteJournals(dataDir, writer, utcDay(clock.now() - retentionDays * DAY_MS));
    } else {
      const ledger = await openLedger({ ...options, writer });
      await ledger.close();
    }
  }
}

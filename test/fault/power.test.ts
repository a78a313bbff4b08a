/** A power cut takes back what was written and not synced. Nothing of it had been acknowledged. */
import { readFileSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { strace } from "../means.ts";
import { idOf, makeFolder, readLog } from "./log-fixtures.ts";
import { startLogProcess } from "./log-process.ts";

/** Reads from a record of writes and syncs how many bytes were synced; a sync that had not returned does not count. */
function findSyncedBytes(record: string): number {
  let written = 0;
  let synced = 0;
  for (const line of readFileSync(record, "utf8").split("\n")) {
    written += Number(/ write\(.* = (\d+)$/.exec(line)?.[1] ?? 0);
    if (/ fdatasync\(.* = 0/.test(line)) synced = written;
  }
  return synced;
}

describe.skipIf(!strace)("a power cut under load [needs strace]", () => {
  it.each([20, 200, 600])("after %i acknowledged events leaves every one of them", async (cutAfter) => {
    const dataDir = makeFolder();
    const path = join(dataDir, "metrics.jsonl");
    const record = join(makeFolder(), "record");
    // A slow sync, so that much is written and not yet synced when the power goes.
    const log = await startLogProcess(dataDir, { fault: "fdatasync:delay_enter=20000", path, record });
    const acked: string[] = [];
    const cut = Promise.withResolvers<void>();
    let sent = 0;
    const appendAll = async (): Promise<void> => {
      for (let isStored: boolean | undefined = true; isStored; ) {
        const ids = [`${sent++}`, `${sent++}`];
        isStored = await log.append(ids);
        if (isStored) acked.push(...ids);
        if (acked.length >= cutAfter) cut.resolve();
      }
    };
    const appending = Promise.all(Array.from({ length: 16 }, appendAll));
    await cut.promise;
    await log.kill();
    await appending;
    const syncedBytes = findSyncedBytes(record);
    expect(syncedBytes).toBeLessThanOrEqual(statSync(path).size);
    truncateSync(path, syncedBytes);

    const next = await startLogProcess(dataDir);
    expect(next.first?.opened).toMatchObject({ accepting: true, tornLines: 0 });
    const ids = new Set((await readLog(dataDir)).events.map(idOf));
    expect(acked.filter((id) => !ids.has(id))).toEqual([]);
  });
});

/** What other commands make of an erasure that was killed: it is no damage, and stands in nobody's way. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readJournals } from "../../src/log/erase/erase-journal.ts";
import { readManifest } from "../../src/log/files/manifest.ts";
import { repairLog } from "../../src/log/repair/repair-log.ts";
import { rotateOnce } from "../../src/log/rotate/rotator.ts";
import { verifyLog } from "../../src/log/verify/verify-log.ts";
import { readRecord } from "../../src/transfer/backup/backup-record.ts";
import { makeBackup } from "../../src/transfer/backup/make-backup.ts";
import { isLong } from "../means.ts";
import { backupOptions } from "./backup-fixtures.ts";
import { eraseKilled, filesHolding, VICTIM, writeShards } from "./erase-fixtures.ts";
import { makeFolder } from "./log-fixtures.ts";
import { measureAll } from "./verify-fixtures.ts";

/** From one shard to the next there are six steps: so each kind is met, the one behind the rename first. */
const STRIDE = isLong ? 1 : 7;
const ERASE_AGAIN = expect.stringContaining("an erasure is unfinished: run passerby erase again");
const POLICY = { gzipAfterDays: 1, deleteAfterDays: 36_500, maxBytes: 1e9, compress: "gzip" } as const;

function rotate(dataDir: string): ReturnType<typeof rotateOnce> {
  return rotateOnce({ dataDir, clock: systemClock, policy: POLICY, intervalSeconds: null });
}

/** Calls with a folder, of its own, for each step behind which an erasure can be killed while it has a journal. */
async function behindEachStep(check: (dataDir: string, step: number) => Promise<void>): Promise<number> {
  const filled = makeFolder();
  writeShards(filled);
  await measureAll(filled);
  let checked = 0;
  for (let step = STRIDE; ; step += STRIDE) {
    const dataDir = makeFolder();
    cpSync(filled, dataDir, { recursive: true });
    if ((await eraseKilled(dataDir, step)) === 0) return checked;
    if (readJournals(dataDir).length === 0) continue;
    await check(dataDir, step);
    checked += 1;
  }
}

describe("an erasure that was killed behind any step", () => {
  it("is told by verify, as what it is and not as damage", async () => {
    let rewritten = 0;
    const checked = await behindEachStep(async (dataDir, step) => {
      const [journal] = readJournals(dataDir);
      const log = await verifyLog({ dataDir, clock: systemClock });
      expect(log.damage, `killed behind step ${step}`).toEqual([]);
      expect(log.notes).toContainEqual({ file: `erase-${journal?.key}.json`, message: ERASE_AGAIN });
      rewritten += log.notes.filter(({ message }) => message.includes("was rewritten")).length;
    });
    expect(checked).toBeGreaterThan(isLong ? 30 : 4);
    expect(rewritten).toBe(isLong ? 5 : 1);
  }, 180_000);

  it("stops no backup, no rotation and no repair, and ends when it is run again", async () => {
    await behindEachStep(async (dataDir, step) => {
      const folder = join(makeFolder(), "backup");
      const backup = await makeBackup(backupOptions(dataDir, folder));
      expect(backup.problems, `killed behind step ${step}`).toEqual([]);
      const copied = [...(readRecord(folder)?.shards.values() ?? [])].map(({ shard, generation }) => [
        shard,
        generation,
      ]);
      const { shards } = readManifest(dataDir);
      expect(copied).toEqual(copied.map(([shard]) => [shard, shards.get(String(shard))?.generation ?? 0]));
      expect(await repairLog({ dataDir, clock: systemClock, accept: false })).toEqual([]);
      expect((await rotate(dataDir)).errors).toEqual([]);
      expect(await eraseKilled(dataDir, 0)).toBe(0);
      expect(await filesHolding(dataDir, VICTIM)).toEqual([]);
      expect(await makeBackup(backupOptions(dataDir, folder))).toMatchObject({ finished: true, problems: [] });
      expect(await filesHolding(folder, VICTIM)).toEqual([]);
      expect((await verifyLog({ dataDir, clock: systemClock })).damage).toEqual([]);
    });
  }, 300_000);
});

/** A backup onto a disk that is full: the last finished backup stays, and with more room the next run takes up what was copied. */
import { unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { checkBackup, readFinished } from "../../src/transfer/backup/check-backup.ts";
import { makeBackup } from "../../src/transfer/backup/make-backup.ts";
import { restoreBackup } from "../../src/transfer/backup/restore-backup.ts";
import { backupOptions, writeShard } from "./backup-fixtures.ts";
import { makeFolder } from "./log-fixtures.ts";
import { hasTmpfs, mountTmpfs } from "./tmpfs.ts";

const MANY = Array.from({ length: 4_000 }, (_, index) => `id-${index}`);

describe.skipIf(!hasTmpfs)("a backup onto a full disk [needs tmpfs]", () => {
  it("is not finished and says so, and is finished when there is room", async () => {
    const [dataDir, folder] = [makeFolder(), mountTmpfs("6m")];
    writeShard(dataDir, "metrics-2026-11-23.1.jsonl", MANY);
    await makeBackup(backupOptions(dataDir, folder));
    const ballast = join(folder, "ballast");
    writeFileSync(ballast, Buffer.alloc(2_500_000));
    for (const number of [2, 3]) writeShard(dataDir, `metrics-2026-11-23.${number}.jsonl`, MANY);
    const full = await makeBackup(backupOptions(dataDir, folder));
    expect(full).toMatchObject({ finished: false, problems: [expect.stringMatching(/ENOSPC.*make room/)] });
    const record = readFinished(folder);
    expect([record.shards.size, await checkBackup(folder, record, () => undefined)]).toEqual([1, []]);
    unlinkSync(ballast);
    expect(await makeBackup(backupOptions(dataDir, folder))).toMatchObject({ finished: true, copied: 2, problems: [] });
    expect(await checkBackup(folder, readFinished(folder), () => undefined)).toEqual([]);
  });

  it("is not restored onto one either, which is left empty", async () => {
    const [dataDir, folder, target] = [makeFolder(), makeFolder(), mountTmpfs("1m")];
    writeShard(dataDir, "metrics-2026-11-23.1.jsonl", MANY);
    await makeBackup(backupOptions(dataDir, folder));
    const { problems } = await restoreBackup({ dataDir: target, folder, clock: systemClock });
    expect(problems).toEqual([expect.stringContaining("ENOSPC")]);
    writeFileSync(join(target, "room"), Buffer.alloc(900_000));
  });
});

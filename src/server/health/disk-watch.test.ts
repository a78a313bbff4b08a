/** Levels of a disk: where each begins, and that it ends a point below. */
import { tmpdir } from "node:os";
import { describe, expect, it, test } from "vitest";
import type { Refusal } from "../../log/log.ts";
import { type DiskLevel, hasRoomFor, nextLevel, startDiskWatch } from "./disk-watch.ts";

const LIMITS = { warnPercent: 80, criticalPercent: 90 };
const full = (percent: number) => ({ freeBytes: 1_000 - 10 * percent, totalBytes: 1_000 });

describe("the level of a disk", () => {
  it.each<[DiskLevel, number, DiskLevel]>([
    ["ok", 79.9, "ok"],
    ["ok", 80, "warn"],
    ["warn", 79.1, "warn"],
    ["warn", 79, "ok"],
    ["warn", 89.9, "warn"],
    ["warn", 90, "critical"],
    ["ok", 95, "critical"],
    ["critical", 89.1, "critical"],
    ["critical", 89, "warn"],
    ["critical", 79.1, "warn"],
    ["critical", 10, "ok"],
  ])("after %s is, with %d %% used, %s", (level, percent, next) => {
    expect(nextLevel(level, full(percent), LIMITS)).toBe(next);
  });

  it("is never critical at 100 before nothing is free", () => {
    const limits = { warnPercent: 80, criticalPercent: 100 };
    expect([99.9, 100].map((percent) => nextLevel("ok", full(percent), limits))).toEqual(["warn", "critical"]);
  });
});

test("a disk has room for what leaves it below a share, and one that cannot be asked has", async () => {
  const folder = tmpdir();
  const answers = [
    hasRoomFor(folder, 0, 101),
    hasRoomFor(folder, 1e18, 99),
    hasRoomFor(`${folder}/not/there`, 1e18, 1),
  ];
  expect(await Promise.all(answers)).toEqual([true, false, true]);
});

describe("a watch", () => {
  it("holds the log with what is free and the setting, and says what it saw", async () => {
    const reasons: (Refusal | undefined)[] = [];
    const hold = (reason: Refusal | undefined): number => reasons.push(reason);
    const watch = await startDiskWatch({ dataDir: tmpdir(), warnPercent: 0, criticalPercent: 0, hold });
    watch.close();
    expect(reasons).toEqual([
      { cause: "disk_full", message: expect.stringMatching(/free space \(\d+\.\d %; METRICS_/) },
    ]);
    const { level, space } = watch.state();
    expect([level, (space?.freeBytes ?? 0) < (space?.totalBytes ?? 0)]).toEqual(["critical", true]);
  });

  it("keeps the level that it saw last while the disk cannot be asked", async () => {
    const watch = await startDiskWatch({ dataDir: `${tmpdir()}/not/there`, ...LIMITS });
    watch.close();
    expect(watch.state()).toEqual({ level: "ok", space: undefined });
  });
});

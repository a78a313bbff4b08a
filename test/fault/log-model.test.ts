/**
 * The log against a model of it: any order of appends, seals, full disks, ends and crashes keeps every acknowledged event once
 * and in order, and a crash costs only what was not acknowledged.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, it } from "vitest";
import { isLong } from "../means.ts";
import { type Command, commands, free, type Model, type Real, reopen } from "./log-commands.ts";
import { openTestLog } from "./log-fixtures.ts";
import { hasTmpfs, mountTmpfs } from "./tmpfs.ts";

describe.skipIf(!hasTmpfs)("any order of appends, seals, full disks, restarts and crashes [needs tmpfs]", () => {
  it("keeps what was acknowledged once and in order, and nothing that was rejected", async () => {
    const disk = mountTmpfs("8m");
    const run = async (toRun: Iterable<Command>): Promise<void> => {
      const dataDir = join(disk, "data");
      mkdirSync(dataDir);
      const model: Model = { sent: [], acked: new Set(), open: new Set(), isFull: false };
      const real: Real = { disk, dataDir, log: await openTestLog(dataDir) };
      try {
        await fc.asyncModelRun(() => ({ model, real }), toRun);
        await real.log.close();
        await reopen(model, real);
      } finally {
        await real.log.close();
        free(model, real);
        rmSync(dataDir, { recursive: true });
      }
    };
    await fc.assert(fc.asyncProperty(commands, run), { numRuns: isLong ? 200 : 6, endOnFailure: true });
  }, 1_800_000);
});

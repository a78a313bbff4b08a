/** A rotator beside a server that takes events as fast as it can: what was acknowledged is there once, plain or compressed. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { rotateOnce } from "../../src/log/rotate/rotator.ts";
import { isLong } from "../means.ts";
import { auditLog, NOTHING_WRONG } from "./audit.ts";
import { makeLedger, seededRandom, startLoad } from "./load.ts";
import { makeFolder } from "./log-fixtures.ts";
import { POLICY } from "./rotate-fixtures.ts";
import { startServerProcess } from "./server-process.ts";

const ROUNDS = isLong ? 100 : 6;
const DAY_MS = 86_400_000;

describe("a rotator beside a server under load", () => {
  it("has it seal, compresses, and loses nothing of what was acknowledged", async () => {
    const dataDir = makeFolder();
    const ledger = makeLedger();
    const server = startServerProcess(dataDir);
    const load = startLoad(await server.url, ledger, { connections: 16, random: seededRandom(1), prefix: "r" });
    // To a rotator whose clock is a day ahead, all that the server has written is of yesterday.
    const clock = { ...systemClock, now: () => Date.now() + DAY_MS };
    const policy = { ...POLICY, gzipAfterDays: 1 };
    for (let round = 0; round < ROUNDS; round++) {
      const before = ledger.acked.size;
      await expect.poll(() => ledger.acked.size, { timeout: 10_000 }).toBeGreaterThan(before + 500);
      const { counts, errors } = await rotateOnce({ dataDir, clock, policy, intervalSeconds: null });
      expect(errors).toEqual([]);
      expect(counts).toMatchObject({ sealed: 1, compressed: 1 });
    }
    const { findings } = await auditLog(dataDir, { sent: ledger.sent, acked: [...ledger.acked] });
    expect({ ...findings, neverSent: [] }).toEqual(NOTHING_WRONG);
    await load.stop();
    const { code, output } = await server.end("SIGTERM");
    expect(code).toBe(0);
    expect(output).not.toContain("could not load");
    const end = await auditLog(dataDir, ledger);
    expect(end.findings).toEqual(NOTHING_WRONG);
    expect([...ledger.answers.keys()]).toEqual([202]);
    const compressed = readdirSync(dataDir).filter((name) => name.endsWith(".jsonl.gz"));
    expect(compressed).toHaveLength(ROUNDS);
    console.log(`${ledger.acked.size} acknowledged, ${end.stored} stored, ${compressed.length} shards compressed`);
  }, 600_000);
});

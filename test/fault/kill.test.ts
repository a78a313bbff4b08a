/** A server that is killed under load, at any moment, keeps every event it has acknowledged, exactly once. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { isLong, strace } from "../means.ts";
import { auditLog, NOTHING_WRONG } from "./audit.ts";
import { type Ledger, makeLedger, seededRandom, startLoad } from "./load.ts";
import { countIds, makeFolder } from "./log-fixtures.ts";
import { traceWith } from "./log-process.ts";
import { startServerProcess } from "./server-process.ts";

const ROUNDS = isLong ? 200 : 3;
const CONNECTIONS = 64;
/** A seed from the environment repeats the choices of a run, though not what the machine made of them. */
const SEED = Number(process.env["PASSERBY_SEED"] ?? Date.now() % 1_000_000);

/** Compares the whole log with the ledger. */
async function checkLog(dataDir: string, ledger: Ledger, kills: number): Promise<void> {
  const { findings, stored } = await auditLog(dataDir, ledger);
  expect(findings).toEqual(NOTHING_WRONG);
  const torn = readdirSync(dataDir).filter((name) => name.startsWith("metrics-torn-"));
  expect(torn.length).toBeLessThanOrEqual(kills);
  console.log(`${ledger.acked.size} acknowledged of ${ledger.sent.size} sent, ${stored} stored, ${torn.length} torn`);
}

describe("a server under load from 64 connections", () => {
  it(
    `that is killed ${ROUNDS} times loses no acknowledged event and is back by itself`,
    async () => {
      console.log(`seed ${SEED}: repeat with PASSERBY_SEED=${SEED}`);
      const random = seededRandom(SEED);
      const dataDir = makeFolder();
      const ledger = makeLedger();
      const startMs: number[] = [];
      let kills = 0;
      for (let round = 0; round < ROUNDS; round++) {
        if (random() < 0.25) {
          const early = startServerProcess(dataDir);
          await delay(random() * 800);
          await early.end("SIGKILL");
          kills++;
        }
        const began = performance.now();
        const server = startServerProcess(dataDir);
        const url = await server.url;
        startMs.push(performance.now() - began);
        const load = startLoad(url, ledger, { connections: CONNECTIONS, random, prefix: `r${round}` });
        const acknowledged = ledger.acked.size;
        await vi.waitUntil(() => ledger.acked.size > acknowledged + CONNECTIONS, { timeout: 20_000 });
        await delay(random() * 1_200);
        await server.end("SIGKILL");
        await load.stop();
        kills++;
      }
      await startServerProcess(dataDir).url;
      startMs.sort((a, b) => a - b);
      const [median = 0, slowest = 0] = [startMs[Math.floor(startMs.length / 2)], startMs.at(-1)];
      console.log(`${kills} kills; start: median ${median.toFixed(0)} ms, slowest ${slowest.toFixed(0)} ms`);
      await checkLog(dataDir, ledger, kills);
      expect([...ledger.answers.keys()]).toEqual([202]);
    },
    ROUNDS * 30_000,
  );

  it("that gets SIGTERM answers what it has taken, has it on disk, and ends with 0 within 10 s", async () => {
    const dataDir = makeFolder();
    const ledger = makeLedger();
    const server = startServerProcess(dataDir);
    const load = startLoad(await server.url, ledger, {
      connections: CONNECTIONS,
      random: seededRandom(SEED),
      prefix: "t",
    });
    await delay(1_000);
    const began = performance.now();
    const { code, output } = await server.end("SIGTERM");
    const drainMs = performance.now() - began;
    await load.stop();
    await checkLog(dataDir, ledger, 0);
    expect({ code, drainMs: drainMs < 10_000, isQuiet: !output.includes("passerby:") }).toEqual({
      code: 0,
      drainMs: true,
      isQuiet: true,
    });
    expect(ledger.acked.size).toBeGreaterThan(CONNECTIONS);
  }, 60_000);
});

describe.skipIf(!strace)("a server whose disk hangs [needs strace]", () => {
  it("gives up within 10 s of SIGTERM, says why, and has acknowledged only what is on disk", async () => {
    const dataDir = makeFolder();
    // Longer than the deadline; strace keeps even a killed process until its delay is over.
    const fault = "fdatasync:delay_enter=13000000:when=20+";
    const server = startServerProcess(dataDir, traceWith({ fault, path: join(dataDir, "metrics.jsonl") }));
    const ledger = makeLedger();
    const options = { connections: CONNECTIONS, random: seededRandom(SEED), prefix: "h" };
    const load = startLoad(await server.url, ledger, options);
    await load.isStalled(500);
    const ended = server.end("SIGTERM");
    await expect.poll(server.output, { timeout: 10_000 }).toContain("the disk did not answer in time");
    expect((await ended).code).not.toBe(0);
    await load.stop();
    const { counts } = await countIds(dataDir);
    expect([...ledger.acked].filter((id) => counts.get(id) !== 1)).toEqual([]);
    expect(ledger.acked.size).toBeGreaterThan(0);
  }, 60_000);
});

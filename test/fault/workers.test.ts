/** Workers that are killed, alone or with their main process: what was acknowledged is stored once, and the others go on. */
import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { isLong } from "../means.ts";
import { auditLog, NOTHING_WRONG } from "./audit.ts";
import { seededRandom } from "./load.ts";
import { makeFolder } from "./log-fixtures.ts";
import { eventOf, makeResendLedger, type ResendLedger, startResendLoad } from "./resend-load.ts";
import { isRunning, startWorkerServer, type WorkerServer } from "./worker-server.ts";

const CONNECTIONS = 32;
const KILLS = isLong ? 60 : 1;
const SEED = Number(process.env["PASSERBY_SEED"] ?? Date.now() % 1_000_000);
/** One for each load, so that ids differ. */
const PREFIXES = [..."abcdf"].flatMap((first) => [..."abcdf"].map((second) => first + second));

async function checkLog(dataDir: string, ledger: ResendLedger): Promise<void> {
  expect((await auditLog(dataDir, ledger)).findings).toEqual(NOTHING_WRONG);
  expect(ledger.acked.size).toBeGreaterThan(CONNECTIONS);
}

function acknowledged(ledger: ResendLedger): number {
  return ledger.answers.get(202) ?? 0;
}

/** Waits until so many more requests have been answered 202. */
async function untilAcknowledged(ledger: ResendLedger, more: number): Promise<void> {
  const goal = acknowledged(ledger) + more;
  await expect.poll(() => acknowledged(ledger), { timeout: 20_000, interval: 5 }).toBeGreaterThanOrEqual(goal);
}

/** Sends acknowledged events again, and expects each to be called a duplicate. */
async function expectDuplicates(url: string, ledger: ResendLedger): Promise<void> {
  const ids = [...ledger.acked].slice(-200);
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify(ids.map(eventOf));
  const answer = await fetch(`${url}/api/metrics/event`, { method: "POST", headers, body });
  expect(await answer.json()).toEqual({ ok: true, stored: 0, file: null, dropped: { duplicate: ids.length } });
}

describe.each([[2], [3]])("a server with %i workers under load", (workers) => {
  it(
    `loses nothing it has acknowledged when ${KILLS} times one of them is killed, and the others go on`,
    async () => {
      console.log(`seed ${SEED}: repeat with PASSERBY_SEED=${SEED}`);
      const random = seededRandom(SEED);
      const dataDir = makeFolder();
      const ledger = makeResendLedger();
      const server = startWorkerServer(dataDir, workers);
      const url = await server.url;
      const load = startResendLoad(url, ledger, {
        ...{ connections: CONNECTIONS, random, prefix: "aa" },
        // What is answered 503 while one is down must not take the processor from the one that starts.
        perSecond: 800,
      });
      for (let kill = 0; kill < KILLS; kill++) {
        await untilAcknowledged(ledger, 50 + Math.floor(random() * 200));
        const pids = server.workers();
        expect(pids).toHaveLength(workers);
        await server.killWorkers(pids.slice(kill % workers).slice(0, 1));
        const before = acknowledged(ledger);
        const whileDown = await server.untilAllAreUp(() => acknowledged(ledger));
        expect(whileDown).toBeGreaterThan(before);
      }
      await load.stop();
      expect((await server.end("SIGTERM")).code).toBe(0);
      await checkLog(dataDir, ledger);
      expect(server.output().match(/is started again/g)).toHaveLength(KILLS);
      expect([...ledger.answers.keys()].filter((status) => status !== 202 && status !== 503)).toEqual([]);
      console.log(ledger.answers, ledger.account);
    },
    KILLS * 20_000,
  );
});

describe("a server with workers whose main process is killed under load", () => {
  it("has no worker left within a second, and serves again with any number of them, duplicates dropped", async () => {
    const random = seededRandom(SEED);
    const dataDir = makeFolder();
    const ledger = makeResendLedger();
    for (const [round, workers] of (isLong ? [2, 2, 3, 1, 2] : [2, 3, 1]).entries()) {
      const server = startWorkerServer(dataDir, workers);
      const url = await server.url;
      if (round > 0) await expectDuplicates(url, ledger);
      const prefix = PREFIXES[round] ?? "";
      const load = startResendLoad(url, ledger, { connections: CONNECTIONS, random, prefix, perSecond: 500 });
      await untilAcknowledged(ledger, 100 + Math.floor(random() * 200));
      const pids = server.workers();
      const killed = performance.now();
      const ended = server.end("SIGKILL");
      await expect.poll(() => pids.some(isRunning), { interval: 5, timeout: 5_000 }).toBe(false);
      expect(performance.now() - killed).toBeLessThan(1_000);
      await ended;
      await load.stop();
    }
    const last = startWorkerServer(dataDir, 2);
    await expectDuplicates(await last.url, ledger);
    // Nobody appends to the file of the third one any more: it is sealed, or it would never grow old.
    const names = readdirSync(dataDir);
    expect(names.filter((name) => /^metrics(\.w\d)?\.jsonl$/.test(name))).toEqual([
      "metrics.jsonl",
      "metrics.w2.jsonl",
    ]);
    expect(names.filter((name) => /^metrics-\d.*\.w3\./.test(name))).toHaveLength(1);
    expect((await last.end("SIGTERM")).code).toBe(0);
    await checkLog(dataDir, ledger);
  }, 60_000);
});

describe("a server with workers that hang while its main process is killed", () => {
  it("starts again when they are gone, and not before: they may still write", async () => {
    const dataDir = makeFolder();
    const server = startWorkerServer(dataDir, 2);
    await server.url;
    const pids = server.workers();
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    onTestFinished(() => {
      for (const pid of pids.filter(isRunning)) process.kill(pid, "SIGKILL");
    });
    process.kill(server.pid, "SIGKILL");
    await expect.poll(() => isRunning(server.pid), { interval: 5 }).toBe(false);
    const next = startWorkerServer(dataDir, 2);
    let hasStarted = false;
    const started = next.url.then(() => {
      hasStarted = true;
    });
    await delay(1_500); // Well past the time of a start, well below that after which it gives up.
    expect(hasStarted).toBe(false);
    for (const pid of pids) process.kill(pid, "SIGCONT");
    await started;
    expect(pids.some(isRunning)).toBe(false);
    expect((await next.end("SIGTERM")).code).toBe(0);
  }, 30_000);
});

describe("a server with workers that is told to stop", () => {
  const tell = (server: WorkerServer, way: string): boolean =>
    way === "SIGTERM to the main process" ? process.kill(server.pid, "SIGTERM") : process.kill(-server.pid, "SIGINT");

  it.each([["SIGTERM to the main process"], ["SIGINT to all processes"]])(
    "by %s answers what it has taken and ends with 0",
    async (way) => {
      const dataDir = makeFolder();
      const ledger = makeResendLedger();
      const server = startWorkerServer(dataDir, 2);
      const random = seededRandom(SEED);
      const load = startResendLoad(await server.url, ledger, { connections: CONNECTIONS, random, prefix: "aa" });
      await untilAcknowledged(ledger, 200);
      tell(server, way);
      const { code, output } = await server.end("SIGTERM");
      await load.stop();
      await checkLog(dataDir, ledger);
      expect({ code, warned: /"level":"(warn|error)"/.test(output) }).toEqual({ code: 0, warned: false });
      expect([...ledger.answers.keys()]).toEqual([202]);
      expect(readdirSync(dataDir).filter((name) => name.endsWith(".sock"))).toEqual([]);
    },
    30_000,
  );
});

/**
 * A server that is sealed again and again while events come: every reader follows, nothing is lost or there twice, also when
 * the server or a worker is killed in the middle of it.
 */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { checkStored } from "../../src/collector/ledger/check-stored.ts";
import { readLedger } from "../../src/collector/ledger/read-ledger.ts";
import { askOwner } from "../../src/log/owner/control-channel.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { isLong } from "../means.ts";
import { openStreamClient } from "../support/stream-client.ts";
import { auditLog, NOTHING_WRONG } from "./audit.ts";
import { seededRandom } from "./load.ts";
import { makeFolder } from "./log-fixtures.ts";
import { eventOf, makeResendLedger, type ResendLedger, startResendLoad } from "./resend-load.ts";
import { startWorkerServer, type WorkerServer } from "./worker-server.ts";

const SEALS = 20;
const KILLS = isLong ? 40 : 1;
const SEED = Number(process.env["PASSERBY_SEED"] ?? Date.now() % 1_000_000);
const PREFIXES = [..."abcdf"].flatMap((first) => [..."abcdf"].map((second) => first + second));
const ALL_TIME = { fromMs: 0, toMs: Date.now() + 86_400_000 };

async function seal(dataDir: string): Promise<readonly string[]> {
  const answer: unknown = await askOwner(dataDir, "seal");
  const { sealed }: { readonly sealed: readonly string[] } = JSON.parse(JSON.stringify(answer));
  return sealed;
}

function shardsOf(dataDir: string): readonly string[] {
  return readdirSync(dataDir).filter((name) => /^metrics-\d.*\.jsonl$/.test(name));
}

async function untilMoreAcked({ acked }: ResendLedger, more: number): Promise<void> {
  const goal = acked.size + more;
  await expect.poll(() => acked.size, { timeout: 20_000, interval: 5 }).toBeGreaterThanOrEqual(goal);
}

/** Seals whenever some more events are acknowledged; returns the names, in the order of the answers. */
async function sealAgainAndAgain(dataDir: string, ledger: ResendLedger): Promise<readonly string[]> {
  const names: string[] = [];
  for (let count = 0; count < SEALS; count++) {
    await untilMoreAcked(ledger, 20);
    names.push(...(await seal(dataDir)));
  }
  return names;
}

async function countInStore(url: string, key: string): Promise<number> {
  // Whatever a client without a user agent is taken for.
  const filters = [["is", "visit:is_bot", ["true", "false"]]];
  const body = JSON.stringify({ site: "localhost", metrics: ["events"], date_range: "day", filters });
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const answer = await fetch(`${url}/api/query`, { method: "POST", headers, body });
  const { results }: { readonly results: readonly { readonly metrics: readonly number[] }[] } = JSON.parse(
    await answer.text(),
  );
  return results[0]?.metrics[0] ?? Number.NaN;
}

/** Differences between the ledger's rows and the lines of the log. */
async function checkLedger(dataDir: string, stored: number): Promise<void> {
  const { rows } = await readLedger(dataDir, ALL_TIME);
  const told = rows.map((row) => ({ from: new Date(row.minuteMs).toISOString(), site: row.site, stored: row.stored }));
  const check = await checkStored(dataDir, told, { ...ALL_TIME, site: null });
  expect(check).toEqual({ events: stored, erased: 0, differences: [] });
}

/** Sends acknowledged events again, and expects each to be called a duplicate. */
async function expectDuplicates(url: string, ledger: ResendLedger): Promise<void> {
  const ids = [...ledger.acked].slice(-200);
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify(ids.map(eventOf));
  const answer = await fetch(`${url}/api/metrics/event`, { method: "POST", headers, body });
  expect(await answer.json()).toMatchObject({ stored: 0, dropped: { duplicate: ids.length } });
}

const STORE = { METRICS_STORE: "on" };

describe.each([[1], [2]])("a server with %i workers that is sealed 20 times under load", (workers) => {
  it("has every event once in log, store, stream and ledger, and knows their ids after a kill", async () => {
    const dataDir = makeFolder();
    const ledger = makeResendLedger();
    const server = startWorkerServer(dataDir, workers, STORE);
    const url = await server.url;
    const { key } = openKeys(dataDir, systemClock).create({ scope: "read", site: null, lifetimeMs: null });
    const stream = await openStreamClient(`${url}/api/metrics/stream`, { key });
    const load = startResendLoad(url, ledger, {
      ...{ connections: 32, random: seededRandom(SEED), prefix: "aa", perSecond: 300 },
    });
    const names = await sealAgainAndAgain(dataDir, ledger);
    const before = shardsOf(dataDir).length;
    await untilMoreAcked(ledger, 20);
    process.kill(server.pid, "SIGHUP");
    await expect.poll(() => shardsOf(dataDir).length, { timeout: 5_000 }).toBeGreaterThan(before);
    await load.stop();

    expect([...new Set(names)]).toEqual(names);
    expect(names.filter((name) => !shardsOf(dataDir).includes(name))).toEqual([]);
    expect(names.length).toBeGreaterThanOrEqual(SEALS);
    expect([...ledger.answers.keys()]).toEqual([202]);
    const { findings, stored } = await auditLog(dataDir, ledger);
    expect(findings).toEqual(NOTHING_WRONG);
    expect(stored).toBe(ledger.acked.size);
    await expect.poll(() => countInStore(url, key), { timeout: 10_000 }).toBe(stored);
    await expect.poll(() => new Set(stream.ids()).size, { timeout: 5_000 }).toBe(stored);
    expect(stream.ids()).toHaveLength(stored);
    await server.end("SIGKILL");
    stream.leave();
    const next = startWorkerServer(dataDir, workers);
    await expectDuplicates(await next.url, ledger);
    expect((await next.end("SIGTERM")).code).toBe(0);
    await checkLedger(dataDir, stored);
    expect(server.output()).not.toMatch(/"level":"(warn|error)"/);
    console.log(`${stored} events in ${shardsOf(dataDir).length} shards; seed ${SEED}`);
  }, 60_000);
});

/** Seals as often as answers come, until the server is gone or it is told to stop. */
function startSealing(dataDir: string): { readonly stop: () => Promise<number> } {
  let isStopped = false;
  const run = async (): Promise<number> => {
    let count = 0;
    while (!isStopped) {
      const names = await seal(dataDir).catch(() => []);
      count += names.length;
      if (names.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return count;
  };
  const running = run();
  return {
    stop: () => {
      isStopped = true;
      return running;
    },
  };
}

async function killOne(server: WorkerServer, workers: number, kill: number): Promise<void> {
  const pids = server.workers();
  await server.killWorkers(pids.slice(kill % workers).slice(0, 1));
  await server.untilAllAreUp(() => undefined);
}

describe.each([[1], [2]])("a server with %i workers that is sealed all the time", (workers) => {
  it(
    `and killed ${KILLS} times loses and doubles nothing`,
    async () => {
      const random = seededRandom(SEED);
      const dataDir = makeFolder();
      const ledger = makeResendLedger();
      let sealed = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        const server = startWorkerServer(dataDir, workers);
        const url = await server.url;
        const prefix = PREFIXES[kill % PREFIXES.length] ?? "";
        const load = startResendLoad(url, ledger, {
          ...{ connections: 32, random, prefix },
          // What is answered 503 while one is down must not take the processor from the one that starts.
          perSecond: workers === 1 ? 0 : 500,
        });
        const sealing = startSealing(dataDir);
        await untilMoreAcked(ledger, 100 + Math.floor(random() * 200));
        if (workers > 1) await killOne(server, workers, kill);
        await server.end("SIGKILL");
        sealed += await sealing.stop();
        await load.stop();
      }
      const last = startWorkerServer(dataDir, workers);
      await expectDuplicates(await last.url, ledger);
      expect((await last.end("SIGTERM")).code).toBe(0);
      const { findings, stored } = await auditLog(dataDir, ledger);
      expect(findings).toEqual(NOTHING_WRONG);
      await checkLedger(dataDir, stored);
      expect(sealed).toBeGreaterThanOrEqual(KILLS);
      console.log(`${sealed} shards sealed, ${ledger.acked.size} acknowledged of ${ledger.sent.size}; seed ${SEED}`);
    },
    KILLS * 30_000,
  );
});

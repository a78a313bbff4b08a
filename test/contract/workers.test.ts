/** What an owner may rely on with workers as well: one ledger, one brake, one limit, one stream, whoever took an event. */
import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { LedgerReport } from "../../src/collector/ledger/ledger-report.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { type Account, sendCounted } from "../fault/counting-client.ts";
import { seededRandom } from "../fault/load.ts";
import { countIds, makeFolder } from "../fault/log-fixtures.ts";
import { makeResendLedger, startResendLoad } from "../fault/resend-load.ts";
import { isInGroup, isRunning, startWorkerServer, type WorkerServer } from "../fault/worker-server.ts";
import { isLong } from "../means.ts";
import { openStreamClient } from "../support/stream-client.ts";
import { readLog } from "../support/test-server.ts";

const SITE = "localhost";

type Started = WorkerServer & {
  readonly dataDir: string;
  readonly address: string;
  readonly key: string;
  /** Asks with the key; each time over a connection of its own, which may come to any worker. */
  readonly ask: (path: string, body?: unknown) => Promise<Record<string, unknown>>;
};

async function start(settings: Readonly<Record<string, string>> = {}): Promise<Started> {
  const dataDir = makeFolder();
  const { key } = openKeys(dataDir, systemClock).create({ scope: "read", site: null, lifetimeMs: null });
  const server = startWorkerServer(dataDir, 2, settings);
  const address = await server.url;
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", connection: "close" };
  const ask: Started["ask"] = async (path, body) => {
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    return JSON.parse(await (await fetch(`${address}${path}`, { headers, ...sent })).text());
  };
  return { ...server, dataDir, address, key, ask };
}

/** Sends an event over a connection of its own. */
async function sendOne(address: string, changes: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
  const headers = { "content-type": "application/json", "user-agent": "Browser/1", connection: "close" };
  const body = JSON.stringify({ event: "click", ...changes });
  const answer = await fetch(`${address}/api/metrics/event`, { method: "POST", headers, body });
  return answer.json();
}

async function totals({ ask }: Started): Promise<LedgerReport["totals"]> {
  const report: { readonly totals?: LedgerReport["totals"] } = await ask("/api/metrics/ledger?by=total");
  if (report.totals === undefined) throw new Error(JSON.stringify(report));
  return report.totals;
}

function accountOf({ received, stored, dropped, refused }: Account): Account {
  return { received, stored, dropped: { ...dropped }, refused: { ...refused } };
}

/** Events as Prometheus is told of them. */
async function scraped(server: Started): Promise<{ readonly received: number; readonly ended: number }> {
  const [, url = ""] = /^Metrics +(\S+)$/m.exec(server.output()) ?? [];
  const text = await (await fetch(url)).text();
  const sum = (line: RegExp): number => [...text.matchAll(line)].reduce((all, [, value]) => all + Number(value), 0);
  return {
    received: sum(/^passerby_events_received_total (\d+)$/gm),
    ended: sum(/^passerby_events_total\{.*\} (\d+)$/gm),
  };
}

describe("the counts of a server with workers", () => {
  it("are what the client was told, wherever they are read, and go on when a worker is killed", async () => {
    const server = await start();
    const ledger = makeResendLedger();
    const options = { connections: 16, random: seededRandom(7), prefix: "aa", perSecond: 300 };
    const load = startResendLoad(server.address, ledger, options);
    const kinds = [{ "sec-gpc": "1" }, { "content-type": "text/html" }, { origin: "https://elsewhere.net" }];
    for (const headers of [...kinds, ...kinds]) {
      const body = JSON.stringify([{ event: "a" }, { event: "b" }]);
      const own = { connection: "close", ...headers };
      await sendCounted(server.address, { body, events: 2, headers: own }, ledger.account);
    }
    await expect.poll(() => ledger.acked.size, { timeout: 10_000 }).toBeGreaterThan(300);
    await load.stop();
    const { account } = ledger;
    await expect.poll(async () => accountOf(await totals(server)), { timeout: 5_000 }).toEqual(account);
    const counted = accountOf(account);
    // Each is told by the workers once a second, not at the same moment.
    const arrivals = (): Promise<unknown> => server.ask("/api/arrivals", { site: SITE });
    await expect.poll(arrivals, { timeout: 5_000 }).toMatchObject(counted);
    const sums = { received: account.received, ended: account.received };
    await expect.poll(() => scraped(server), { timeout: 5_000 }).toEqual(sums);
    expect(await server.ask("/api/metrics/ledger")).toMatchObject({ balanced: true });
    expect(Object.keys(account.dropped).sort()).toEqual(["duplicate", "opted_out"]);

    const again = startResendLoad(server.address, ledger, { ...options, prefix: "bb" });
    await expect.poll(() => ledger.acked.size, { timeout: 10_000 }).toBeGreaterThan(500);
    await server.killWorkers(server.workers().slice(0, 1));
    await server.untilAllAreUp(() => undefined);
    await again.stop();
    const { counts } = await countIds(server.dataDir);
    await expect.poll(async () => (await totals(server)).stored, { timeout: 5_000 }).toBe(counts.size);
    const after = await totals(server);
    const sum = (reasons: Readonly<Record<string, number>>): number =>
      Object.values(reasons).reduce((all, count) => all + count, 0);
    expect(after.received).toBe(after.stored + sum(after.dropped) + sum(after.refused));
    expect(after.uncertain).toBe(true);
    expect(Number((await server.ask("/api/arrivals", { site: SITE }))["received"])).toBeGreaterThan(counted.received);
    expect((await scraped(server)).received).toBeGreaterThan(counted.received);
  }, 60_000);
});

describe("the brake of a server with workers", () => {
  it("reaches all of them within a second, holds for one that is started again, and is counted", async () => {
    const server = await start();
    await server.brake("on");
    const pulled = performance.now();
    const eight = (): Promise<readonly unknown[]> =>
      Promise.all(Array.from({ length: 8 }, () => sendOne(server.address)));
    const dropped = { ok: true, stored: 0, file: null, dropped: { brake: 1 } };
    await expect.poll(eight, { interval: 20 }).toEqual(Array(8).fill(dropped));
    expect(performance.now() - pulled).toBeLessThan(1_000);
    const counted = async (): Promise<number> => (await totals(server)).dropped["brake"] ?? 0;
    await expect.poll(counted, { timeout: 5_000 }).toBeGreaterThanOrEqual(8);
    await server.killWorkers(server.workers());
    await server.untilAllAreUp(() => undefined);
    expect(await eight()).toEqual(Array(8).fill(dropped));
    await expect.poll(counted, { timeout: 5_000 }).toBeGreaterThanOrEqual(16);
    await server.brake("off");
    await expect.poll(async () => JSON.stringify(await eight()), { interval: 20 }).not.toContain("brake");
  }, 30_000);
});

describe("the rate limit of a server with workers", () => {
  it("is about one limit for a client whose connections come to all of them", async () => {
    const server = await start({ METRICS_RATE_LIMIT: "20", METRICS_RATE_BURST: "20" });
    const ends = { taken: 0, limited: 0 };
    const began = performance.now();
    const seconds = (): number => (performance.now() - began) / 1_000;
    const send = async (): Promise<void> => {
      while (seconds() < 3) {
        const answer = JSON.stringify(await sendOne(server.address));
        if (answer.includes("rate_limited")) ends.limited += 1;
        else ends.taken += 1;
      }
    };
    await Promise.all(Array.from({ length: 8 }, send));
    const allowed = 20 + 20 * seconds();
    console.log(`${ends.taken} taken where one process takes ${allowed.toFixed(0)}, ${ends.limited} refused`);
    expect(ends.limited).toBeGreaterThan(20);
    expect(ends.taken).toBeGreaterThan(allowed * 0.8);
    // Two limits that know nothing of each other would take twice as many.
    expect(ends.taken).toBeLessThan(allowed * 1.4);
  }, 30_000);
});

describe("the live views of a server with workers", () => {
  it("show events of all workers once, and a stream ends in order when the server stops", async () => {
    const server = await start({ METRICS_RING_CAPACITY: "1000" });
    const stream = await openStreamClient(`${server.address}/api/metrics/stream`, { key: server.key });
    const stalled = await openStreamClient(`${server.address}/api/metrics/stream`, {
      key: server.key,
      isStalled: true,
    });
    const left = await openStreamClient(`${server.address}/api/metrics/stream`, { key: server.key });
    left.leave();
    const sends = Array.from({ length: 120 }, (_, n) => sendOne(server.address, { metadata: { n } }));
    await Promise.all(sends);
    await stream.until(() => stream.ids().length >= 120);
    const stored = readLog(server.dataDir).map((line) => line["event_id"]);
    expect(stream.ids().toSorted()).toEqual(stored.toSorted());
    expect(readdirSync(server.dataDir)).toEqual(expect.arrayContaining(["metrics.jsonl", "metrics.w2.jsonl"]));
    expect(await server.ask("/api/metrics/behavior")).toMatchObject({ total: 120, received_last_minute: 120 });
    if (isLong) await stream.until((text) => /^:/m.test(text.slice(text.lastIndexOf("data:"))));
    const began = performance.now();
    const ended = server.end("SIGTERM");
    expect(await stream.ended).toBe(true);
    expect((await ended).code).toBe(0);
    expect(performance.now() - began).toBeLessThan(3_000);
    stalled.leave();
  }, 60_000);

  it("let an owner sign in and ask over any connection", async () => {
    const server = await start({ METRICS_STORE: "on" });
    const headers = { "content-type": "application/json", origin: server.address, connection: "close" };
    const ask = (path: string, body: unknown, cookie = ""): Promise<Response> =>
      fetch(`${server.address}${path}`, {
        method: "POST",
        headers: { ...headers, cookie },
        body: JSON.stringify(body),
      });
    const signedIn = await ask("/api/sign-in", { key: server.key });
    const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
    const events = Array.from({ length: 10 }, (_, n) =>
      sendOne(server.address, { event: "page_view", visitor_id: `visitor-${n}`, url: `http://localhost/${n}` }),
    );
    await Promise.all(events);
    const question = { site: SITE, metrics: ["visitors"], date_range: "day" };
    const answered = async (): Promise<string> => (await ask("/api/query", question, cookie)).text();
    await expect.poll(answered, { timeout: 10_000 }).toContain("10");
    expect((await ask("/api/query", question)).status).toBe(401);
  }, 30_000);
});

describe("a server with workers that cannot start", () => {
  const started = async (dataDir: string, settings: Readonly<Record<string, string>>): Promise<unknown> => {
    const server = startWorkerServer(dataDir, 2, settings);
    await server.url.catch(() => undefined);
    const { code, output } = await server.end("SIGKILL");
    const group = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && isInGroup(Number(pid), server.pid));
    return { code, output: output.trim(), left: group.length };
  };

  it("for a port that is in use says so once and ends with 2, and no worker is left", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" ? address?.port : 0;
    const message = `passerby: port ${port} is in use: stop what listens there, or give another port (--port, PORT)`;
    expect(await started(makeFolder(), { PORT: String(port) })).toEqual({ code: 2, output: message, left: 0 });
  });

  it("for another server with workers says so as well", async () => {
    const first = await start();
    const port = new URL(first.address).port;
    expect(await started(makeFolder(), { PORT: port })).toMatchObject({
      code: 2,
      output: expect.stringContaining("in use"),
    });
    expect(await sendOne(first.address)).toMatchObject({ stored: 1 });
  });

  it("for a file that a worker cannot open says so once and ends with 2, and no worker is left", async () => {
    const dataDir = makeFolder();
    mkdirSync(join(dataDir, "metrics.w2.jsonl"));
    expect(await started(dataDir, {})).toMatchObject({
      code: 2,
      output: expect.stringMatching(/^passerby: .*metrics\.w2\.jsonl.*$/),
      left: 0,
    });
  });
});

describe("a server with workers", () => {
  it("keeps its port when all of them are killed, and takes no more connections than it may", async () => {
    const server = await start({ METRICS_MAX_CONNECTIONS: "16" });
    await server.killWorkers(server.workers());
    await server.untilAllAreUp(() => undefined);
    expect(await sendOne(server.address)).toMatchObject({ stored: 1 });
    const { port, hostname } = new URL(server.address);
    const open = new Set<Socket>();
    for (let index = 0; index < 60; index++) {
      const socket = connect(Number(port), hostname);
      open.add(socket);
      socket.on("error", () => undefined).on("close", () => open.delete(socket));
    }
    onTestFinished(() => {
      for (const socket of open) socket.destroy();
    });
    await expect.poll(() => open.size, { timeout: 5_000 }).toBeLessThanOrEqual(16);
    expect(server.workers().every(isRunning)).toBe(true);
  }, 30_000);
});

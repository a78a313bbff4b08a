/** Many connections to a real server process: those past the limit are closed, and idle ones keep nobody waiting. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { openRaw, type RawConnection } from "../fuzz/raw-connection.ts";
import { startCommand } from "../support/command.ts";
import { readLog } from "../support/test-server.ts";

const LIMIT = 16;
const IDLE = 2_000;
/** How many are opened at a time: fewer than the 511 that Node lets wait for a server to accept them. */
const OPENED_AT_ONCE = 50;
/** Far longer than any answer takes; it bounds how long a failing test waits. */
const PATIENCE_MS = 10_000;

const HEALTH = "GET /api/metrics/health HTTP/1.1\r\nHost: localhost\r\n\r\n";

async function start(maxConnections: number): Promise<{ readonly url: string; readonly dataDir: string }> {
  const dataDir = mkdtempSync(join(tmpdir(), "passerby-connections-"));
  const settings = { METRICS_MAX_CONNECTIONS: String(maxConnections), METRICS_RATE_LIMIT: "0", METRICS_STORE: "off" };
  const server = await startCommand(["--data-dir", dataDir], settings);
  onTestFinished(async () => {
    server.process.kill("SIGKILL");
    await once(server.process, "exit");
    rmSync(dataDir, { recursive: true });
  });
  return { url: server.url, dataDir };
}

async function open(url: string): Promise<RawConnection> {
  const connection = await openRaw(url);
  onTestFinished(() => void connection.socket.destroy());
  return connection;
}

/** Asks for the health; returns the status of the answer, undefined where the connection was closed without one. */
async function askHealth(connection: RawConnection): Promise<number | undefined> {
  const before = connection.received().answers.length;
  connection.send(HEALTH);
  const { answers } = await connection.settle(before + 1, PATIENCE_MS);
  return answers[before]?.status;
}

/** Opens connections that have each had an answer, and so are kept alive by the server. */
async function openIdle(url: string, count: number): Promise<readonly RawConnection[]> {
  const connections: RawConnection[] = [];
  while (connections.length < count) {
    const missing = Math.min(OPENED_AT_ONCE, count - connections.length);
    const opened = await Promise.all(Array.from({ length: missing }, () => open(url)));
    expect(new Set(await Promise.all(opened.map(askHealth)))).toEqual(new Set([200]));
    connections.push(...opened);
  }
  return connections;
}

const isClosed = (connection: RawConnection): boolean => connection.received().isClosed;

it("closes connections past METRICS_MAX_CONNECTIONS as they come, goes on serving the open ones, and lets others in as these close", async () => {
  const { url } = await start(LIMIT);
  const connections = await openIdle(url, LIMIT);

  for (let surplus = 0; surplus < 5; surplus += 1) {
    const seen = await (await open(url)).closed(PATIENCE_MS);
    expect(seen).toEqual({ answers: [], rest: "", isClosed: true });
  }
  expect(await Promise.all(connections.map(askHealth))).toEqual(new Array(LIMIT).fill(200));

  connections[0]?.socket.destroy();
  // The server hears of it a moment later.
  await vi.waitFor(async () => expect(await askHealth(await open(url))).toBe(200), { timeout: PATIENCE_MS });
  expect(await (await open(url)).closed(PATIENCE_MS)).toMatchObject({ answers: [] });
  expect(connections.slice(1).some(isClosed)).toBe(false);
});

it(`answers a new event, healthy as ever, while ${IDLE} connections are idle`, async () => {
  const { url, dataDir } = await start(IDLE + LIMIT);
  const connections = await openIdle(url, IDLE);
  const started = performance.now();
  const response = await fetch(`${url}/api/metrics/event`, {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close" },
    body: JSON.stringify({ event: "page_view" }),
  });
  const answer: unknown = await response.json();
  process.stdout.write(`a new event beside ${IDLE} idle connections: ${(performance.now() - started).toFixed(1)} ms\n`);
  expect([response.status, answer]).toEqual([202, { ok: true, stored: 1, file: "metrics.jsonl" }]);
  expect(readLog(dataDir)).toMatchObject([{ event: "page_view" }]);
  const health = await fetch(`${url}/api/metrics/health`);
  expect([health.status, await health.json()]).toMatchObject([200, { status: "healthy" }]);
  expect(connections.some(isClosed)).toBe(false);
}, 60_000);

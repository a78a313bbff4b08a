/** Clients that are slow on purpose hold up nobody and are cut off; everyone else is served as ever. */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { isLong } from "../means.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { openRaw, type RawConnection } from "./raw-connection.ts";

/** What is promised: no slow client lives longer; and some time for a machine that is busy. */
const CUT_OFF_MS = 15_000 + 4_000;
const SLOW_CLIENTS = 50;
const HEAD = "POST /api/metrics/event HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ settings: { METRICS_RATE_LIMIT: "0" } });
});
afterAll(() => server.close());

/** Opens connections that send a start and then a byte a second until they are closed; returns how long each lived. */
async function trickle(start: string, byte: string): Promise<readonly number[]> {
  const began = performance.now();
  const live = async (): Promise<number> => {
    const connection = await openRaw(server.url);
    connection.send(start);
    const timer = setInterval(() => connection.send(byte), 1_000);
    const seen = await connection.closed(60_000);
    clearInterval(timer);
    connection.socket.destroy();
    expect(seen.answers.map(({ status }) => status)).toEqual([408]);
    return performance.now() - began;
  };
  return Promise.all(Array.from({ length: SLOW_CLIENTS }, live));
}

async function post(): Promise<number> {
  const began = performance.now();
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${server.url}/api/metrics/event`, { method: "POST", headers, body: '{"event":"a"}' });
  expect(await response.json()).toMatchObject({ stored: 1 });
  return performance.now() - began;
}

async function postUntil(isDone: () => boolean): Promise<readonly number[]> {
  const took: number[] = [];
  while (!isDone()) took.push(await post());
  return took.sort((a, b) => a - b);
}

describe.skipIf(!isLong)("a slow client [needs long]", () => {
  it.each([
    ["its headers", `${HEAD}X: `, "a"],
    ["its body", `${HEAD}Content-Length: 1000\r\n\r\n{`, " "],
    ["its chunks", `${HEAD}Transfer-Encoding: chunked\r\n\r\n`, "1\r\n \r\n"],
  ])(
    "that sends %s a byte a second is cut off with 408, while others are served",
    async (_what, start, byte) => {
      let isDone = false;
      const slow = trickle(start, byte).finally(() => {
        isDone = true;
      });
      const took = await postUntil(() => isDone);
      expect(Math.max(...(await slow))).toBeLessThan(CUT_OFF_MS);
      expect(took[Math.floor(took.length * 0.99)]).toBeLessThan(200);
    },
    60_000,
  );
});

/** Opens a connection that reads nothing and asks until the server takes no more of it for a second. */
async function openDeaf(url: string): Promise<RawConnection> {
  const connection = await openRaw(url);
  const { socket } = connection;
  onTestFinished(() => void socket.destroy());
  socket.pause();
  const requests = "GET /api/metrics/behavior HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2_000);
  for (let isTaken = true; isTaken; ) {
    const written = Promise.withResolvers<boolean>();
    socket.write(requests, () => written.resolve(true));
    isTaken = await Promise.race([written.promise, delay(1_000, false)]);
  }
  return connection;
}

describe("clients that never read their answers", () => {
  it("hold up nobody, and memory does not grow with what they ask", async () => {
    const before = process.memoryUsage().rss;
    await Promise.all([1, 2, 3].map(() => openDeaf(server.url)));
    for (let posted = 0; posted < 50; posted += 1) await post();
    expect(process.memoryUsage().rss - before).toBeLessThan(300_000_000);
  }, 60_000);

  it("do not keep the server from stopping within the 9 s that it has", async () => {
    const stopping = await startTestServer({ settings: { METRICS_RATE_LIMIT: "0" } });
    await openDeaf(stopping.url);
    const began = performance.now();
    await stopping.close();
    expect(performance.now() - began).toBeLessThan(9_000);
  }, 60_000);
});

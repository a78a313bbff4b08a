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

describe("clients that never read their answers", () => {
  it("hold up nobody, and memory does not grow with what they ask", async () => {
    const request = "GET /api/metrics/behavior HTTP/1.1\r\nHost: a\r\n\r\n";
    const clients: RawConnection[] = [];
    for (let opened = 0; opened < 3; opened += 1) clients.push(await openRaw(server.url));
    onTestFinished(() => {
      for (const { socket } of clients) socket.destroy();
    });
    const before = process.memoryUsage().rss;
    // The answers to 20 MB of requests are about 150 MB, many times what the kernel holds for a connection.
    for (const { socket, send } of clients) {
      socket.pause();
      send(request.repeat(400_000));
    }
    const unsent = (): number => clients.reduce((sum, { socket }) => sum + socket.writableLength, 0);
    for (let last = -1; unsent() !== last; ) {
      last = unsent();
      await delay(500);
    }
    for (let posted = 0; posted < 50; posted += 1) await post();
    expect(clients.every(({ socket }) => socket.writableLength > 0)).toBe(true);
    expect(process.memoryUsage().rss - before).toBeLessThan(300_000_000);
  }, 60_000);
});

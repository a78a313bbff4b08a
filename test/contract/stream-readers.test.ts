/** Many readers of the live stream, slow ones among them: none keeps another from its events, and stopping is prompt. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { StreamLimits } from "../../src/live/event-stream.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { startServerProcess } from "../fault/server-process.ts";
import { openStreamClient, type StreamClient } from "../support/stream-client.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const MEBIBYTE = 1_048_576;
const BATCH_EVENTS = 25;
/** Together 9 MiB: the kernel takes 4 for a reader that does not read; only then does anything wait in the server. */
const BATCHES = 25;
/** About 15 KB of text that no scrubbing touches; an event with it is near the largest there is. */
const LONG_TEXT = "one word after another ".repeat(650);

async function start(streamLimits: Partial<StreamLimits> = {}): Promise<TestServer> {
  const server = await startTestServer({ settings: { METRICS_RATE_LIMIT: "0" }, streamLimits });
  onTestFinished(() => server.close());
  return server;
}

function makeKey(dataDir: string): string {
  return openKeys(dataDir, systemClock).create({ scope: "read", site: null, lifetimeMs: null }).key;
}

async function openMany(server: TestServer, count: number, isStalled = false): Promise<readonly StreamClient[]> {
  const key = makeKey(server.dataDir);
  const url = `${server.url}/api/metrics/stream`;
  const clients = await Promise.all(Array.from({ length: count }, () => openStreamClient(url, { key, isStalled })));
  onTestFinished(() => {
    for (const client of clients) client.leave();
  });
  return clients;
}

async function postSmall(url: string, count: number): Promise<void> {
  const response = await fetch(`${url}/api/metrics/event`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(Array.from({ length: count }, (_, n) => ({ event: `small${n}` }))),
  });
  expect(await response.json()).toMatchObject({ stored: count });
}

/** Posts one batch of large events, about 375 KB, and waits for its 202. */
async function postLarge(url: string): Promise<void> {
  const events = Array.from({ length: BATCH_EVENTS }, () => ({ event: "large", metadata: { text: LONG_TEXT } }));
  const response = await fetch(`${url}/api/metrics/event`, {
    method: "POST",
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
    body: gzipSync(JSON.stringify(events)),
  });
  expect(await response.json()).toMatchObject({ stored: BATCH_EVENTS });
}

/** Counts whole messages; no line break stands within one's JSON. */
function countMessages(text: string): number {
  return text.split("}\n\n").length - 1;
}

describe("a reader that stops reading", () => {
  it("is cut off, while one that reads gets everything", async () => {
    const server = await start({ maxWaitingBytes: 262_144 });
    const [slow] = await openMany(server, 1, true);
    const [fast] = await openMany(server, 1);
    for (let batch = 0; batch < BATCHES; batch += 1) await postLarge(server.url);
    await fast?.until((text) => countMessages(text) === BATCHES * BATCH_EVENTS);
    expect(fast?.ids()).toEqual(server.readLog().map((line) => line["event_id"]));
    slow?.read();
    expect(await slow?.ended).toBe(false);
    expect(slow?.ids().length).toBeLessThan(BATCHES * BATCH_EVENTS);
    expect(fast?.ids().slice(0, slow?.ids().length)).toEqual(slow?.ids());
  });

  it("waits for the same bytes as others, not each for its own", async () => {
    const server = await start({ maxWaitingBytes: 64 * MEBIBYTE });
    await openMany(server, 40, true);
    const before = process.memoryUsage();
    for (let batch = 0; batch < BATCHES; batch += 1) await postLarge(server.url);
    const after = process.memoryUsage();
    const grown = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed;
    // Forty copies of the 5 MiB that the kernel does not take would be 200 MiB.
    expect(grown / MEBIBYTE).toBeLessThan(100);
  });
});

describe("a hundred readers", () => {
  it("all get everything, and one more is told to come back", async () => {
    const server = await start();
    const clients = await openMany(server, 100);
    const refused = await fetch(`${server.url}/api/metrics/stream`, {
      headers: { authorization: `Bearer ${makeKey(server.dataDir)}` },
    });
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("5");
    expect(await refused.json()).toMatchObject({ ok: false, error: "stream_unavailable" });
    await Promise.all(Array.from({ length: 8 }, () => postSmall(server.url, 50)));
    const stored = server.readLog().map((line) => line["event_id"]);
    for (const client of clients) {
      await client.until((text) => countMessages(text) === stored.length);
      expect(client.ids()).toEqual(stored);
    }
    clients[0]?.leave();
    await clients[0]?.ended;
    expect((await openMany(server, 1))[0]?.status).toBe(200);
  });
});

describe("stopping", () => {
  it("ends every stream at once, that of a reader which does not read as well", async () => {
    const server = await start({ maxWaitingBytes: 64 * MEBIBYTE });
    const [stalled] = await openMany(server, 1, true);
    const [reading] = await openMany(server, 1);
    for (let batch = 0; batch < BATCHES; batch += 1) await postLarge(server.url);
    const started = performance.now();
    await server.stop();
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(await reading?.ended).toBe(true);
    expect(reading?.ids().length).toBe(BATCHES * BATCH_EVENTS);
    stalled?.read();
    expect(await stalled?.ended).toBe(false);
  });

  it("on SIGTERM is as prompt, with the last events sent", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "passerby-stream-"));
    onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
    const server = startServerProcess(dataDir);
    const url = await server.url;
    const client = await openStreamClient(`${url}/api/metrics/stream`, { key: makeKey(dataDir) });
    await postSmall(url, 3);
    const started = performance.now();
    const { code } = await server.end("SIGTERM");
    expect(code).toBe(0);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await client.ended).toBe(true);
    expect(client.ids()).toHaveLength(3);
  });
});

/** What a client that sends again may rely on (contract, Duplicates): an id is stored once, over restarts too. */
import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { ACTIVE_FILE, readLog, startTestServer, type TestServer } from "../support/test-server.ts";

const open: TestServer[] = [];

async function start(dataDir?: string): Promise<TestServer> {
  const server = await startTestServer({ ...(dataDir !== undefined && { dataDir }) });
  open.push(server);
  return server;
}

async function send(url: string, ids: readonly string[]): Promise<unknown> {
  const events = ids.map((event_id) => ({ event: "signup", event_id }));
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/api/metrics/event`, { method: "POST", headers, body: JSON.stringify(events) });
  return [answer.status, await answer.json()];
}

const eventIds = (server: TestServer): readonly unknown[] => readLog(server.dataDir).map((line) => line["event_id"]);

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

describe("an event that is sent again", () => {
  it("is dropped as a duplicate and named in the answer", async () => {
    const server = await start();
    const [a, b] = [randomUUID(), randomUUID()];
    expect(await send(server.url, [a])).toEqual([
      202,
      { ok: true, stored: 1, file: expect.stringMatching(ACTIVE_FILE) },
    ]);
    expect(await send(server.url, [a.toUpperCase(), b])).toEqual([
      202,
      { ok: true, stored: 1, file: expect.stringMatching(ACTIVE_FILE), dropped: { duplicate: 1 } },
    ]);
    expect(await send(server.url, [a])).toEqual([202, { ok: true, stored: 0, file: null, dropped: { duplicate: 1 } }]);
    expect(eventIds(server).toSorted()).toEqual([a, b].toSorted());
  });

  it("at the same time by many requests is stored once, and every other one is told so", async () => {
    const server = await start();
    const id = randomUUID();
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(server.url, [id])));
    expect(answers.filter((answer) => JSON.stringify(answer).includes('"stored":1'))).toHaveLength(1);
    expect(answers.filter((answer) => JSON.stringify(answer).includes('"duplicate":1'))).toHaveLength(7);
    expect(eventIds(server)).toEqual([id]);
  });

  it("is a duplicate after a restart", async () => {
    const server = await start();
    const id = randomUUID();
    await send(server.url, [id]);
    await server.stop();
    const again = await start(server.dataDir);
    expect(await send(again.url, [id])).toMatchObject([202, { stored: 0, dropped: { duplicate: 1 } }]);
  });
});

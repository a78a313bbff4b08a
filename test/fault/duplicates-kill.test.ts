/** An id is stored once, over kills too (contract, Duplicates). */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readLog } from "../support/test-server.ts";
import { makeFolder } from "./log-fixtures.ts";
import { startServerProcess } from "./server-process.ts";

async function send(url: string, ids: readonly string[]): Promise<unknown> {
  const events = ids.map((event_id) => ({ event: "signup", event_id }));
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/api/metrics/event`, { method: "POST", headers, body: JSON.stringify(events) });
  return [answer.status, await answer.json()];
}

describe("an event that is sent again", () => {
  it("is a duplicate after SIGKILL, whatever was in the file of ids", async () => {
    const dataDir = makeFolder();
    const ids = Array.from({ length: 30 }, () => randomUUID());
    for (const id of ids) {
      if (ids.indexOf(id) % 10 !== 0) continue;
      const server = startServerProcess(dataDir);
      for (const next of ids.slice(ids.indexOf(id), ids.indexOf(id) + 10)) await send(await server.url, [next]);
      await server.end("SIGKILL");
    }
    const last = startServerProcess(dataDir);
    expect(await send(await last.url, ids)).toMatchObject([202, { stored: 0, dropped: { duplicate: 30 } }]);
    expect(
      readLog(dataDir)
        .map((line) => line["event_id"])
        .toSorted(),
    ).toEqual(ids.toSorted());
  }, 60_000);
});

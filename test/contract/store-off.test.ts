/** Holds what a collector without a store does: it takes events, says why it answers no question, and stays small. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { startServerProcess } from "../fault/server-process.ts";
import { readLog } from "../support/test-server.ts";

const EVENT = { event: "page_view", visitor_id: "visitor-1", site: "localhost" };
const QUESTION = { site: "localhost", metrics: ["visitors"], date_range: "day" };

test.each([
  ["METRICS_STORE=off", 'echo "pid=$$"; METRICS_STORE=off exec "$0" "$@"'],
  ["--no-store", 'echo "pid=$$"; exec "$0" "$@" --no-store'],
])("a server started with %s stores events, answers no question and never loads DuckDB", async (_, script) => {
  const dataDir = mkdtempSync(join(tmpdir(), "passerby-off-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const { key } = openKeys(dataDir, systemClock).create({ scope: "read", site: null, lifetimeMs: null });
  const server = startServerProcess(dataDir, ["sh", "-c", script]);
  const url = await server.url;

  const post = (path: string, body: object): Promise<Response> =>
    fetch(url + path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    });
  const taken = await fetch(`${url}/api/metrics/event`, {
    method: "POST",
    body: JSON.stringify(EVENT),
    headers: { "content-type": "application/json" },
  });
  expect([taken.status, await taken.json()]).toMatchObject([202, { stored: 1 }]);
  const answer = await post("/api/query", QUESTION);
  expect([answer.status, await answer.json()]).toMatchObject([
    503,
    { error: "store_unavailable", message: expect.stringContaining("the store is off (METRICS_STORE=off)") },
  ]);
  const pid = /pid=(\d+)/.exec(server.output())?.[1];
  expect(readFileSync(`/proc/${pid}/maps`, "utf8")).not.toMatch(/duckdb/);
  expect(await server.end("SIGTERM")).toMatchObject({ code: 0 });
  expect(readLog(dataDir)).toHaveLength(1);
  expect(existsSync(join(dataDir, "store.duckdb"))).toBe(false);
});

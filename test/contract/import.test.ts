/** An import beside a running collector: another process adds a shard, and the collector's answers have it soon. */
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { COMMAND } from "../support/command.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
const SITE = "blog.example";
/** The contract promises 2 s; the rest is for a machine that runs other tests. */
const DEADLINE_MS = 10_000;

let server: TestServer;
let key: string;
const log = join(tmpdir(), `passerby-import-${process.pid}.txt`);

beforeAll(async () => {
  server = await startTestServer({ settings: { METRICS_SITES: SITE } });
  key = openKeys(server.dataDir, systemClock).create({ scope: "read", site: null, lifetimeMs: null }).key;
  const line = (address: string, path: string): string =>
    `${address} - - [17/May/2015:10:05:03 +0000] "GET ${path} HTTP/1.1" 200 17 "https://www.google.com/" "${AGENT}"\n`;
  writeFileSync(
    log,
    line("192.0.2.1", "/a") + line("192.0.2.1", "/b") + line("192.0.2.2", "/a") + line("192.0.2.2", "/a.css"),
  );
});

afterAll(async () => {
  rmSync(log);
  await server.close();
});

async function ask(): Promise<unknown> {
  const response = await fetch(`${server.url}/api/query`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      site_id: SITE,
      metrics: ["pageviews", "visitors", "visits"],
      date_range: ["2015-05-17", "2015-05-17"],
      dimensions: ["visit:source"],
    }),
  });
  const { results } = (await response.json()) as { results: unknown };
  return results;
}

describe("passerby import access-log", () => {
  it("adds to the answers of a running collector, once however often it runs", async () => {
    const run = (): string => {
      const args = [COMMAND, "import", "access-log", log, "--site", SITE, "--data-dir", server.dataDir];
      return execFileSync(process.execPath, args, { encoding: "utf8", env: { ...process.env, METRICS_SITES: SITE } });
    };
    const expected = [{ dimensions: ["Google"], metrics: [3, 2, 2] }];
    expect(run()).toContain("0 events already present, 3 added");
    let results = await ask();
    for (const end = Date.now() + DEADLINE_MS; JSON.stringify(results) === "[]" && Date.now() < end; ) {
      await delay(50);
      results = await ask();
    }
    expect(results).toEqual(expected);
    expect(run()).toContain("3 events already present, 0 added");
    expect(await ask()).toEqual(expected);
    expect(server.warnings).toEqual([]);
  });
});

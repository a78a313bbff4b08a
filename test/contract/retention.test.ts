/**
 * The promise of METRICS_RETENTION_DAYS: a month later nothing older is found in any byte of the data directory or in any
 * answer, but for imports, which are kept as long as they were asked to be.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Clock, systemClock, utcDay } from "../../src/clock.ts";
import { askOwner } from "../../src/log/owner/control-channel.ts";
import { rotateOnce } from "../../src/log/rotate/rotator.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { openStore } from "../../src/store/store.ts";
import { importAccessLog } from "../../src/transfer/access-log.ts";
import { findInFolder } from "../support/search-folder.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const DAY_MS = 86_400_000;
const DAYS = 30;
const SITE = "example.com";
const AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

let dataDir: string;
let offsetMs: number;
let server: TestServer;
const clock: Clock = { ...systemClock, now: () => Date.now() + offsetMs };

beforeEach(() => {
  dataDir = join(mkdtempSync(join(tmpdir(), "passerby-retention-")), "data");
  mkdirSync(dataDir, { mode: 0o700 });
  offsetMs = 0;
});

afterEach(async () => {
  await server.stop();
  rmSync(join(dataDir, ".."), { recursive: true });
});

async function start(): Promise<void> {
  const settings = { METRICS_RETENTION_DAYS: String(DAYS), METRICS_SITES: SITE, METRICS_WORKERS: "1" };
  server = await startTestServer({ dataDir, clock, settings });
}

/** What a start finds after a crash long ago: half a line, and a store that does not open. */
function leaveRuins(): void {
  writeFileSync(join(dataDir, "metrics.jsonl"), '{"v":1,"visitor_id":"planted-torn');
  writeFileSync(join(dataDir, "store.duckdb"), "planted-aside");
  writeFileSync(join(dataDir, "store-replay.duckdb"), "planted-replay");
}

async function importLog(dataset: string, keepDays: number | null): Promise<void> {
  const path = join(dataDir, "..", `${dataset}.log`);
  const line = `192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /planted-${dataset} HTTP/1.1" 200 17 "-" "${AGENT}"\n`;
  writeFileSync(path, line);
  const site = { name: SITE, hosts: [SITE] };
  await importAccessLog({
    ...{ path, dataDir, dataset, keepDays, site, clock },
    ...{ stdin: Readable.from([]), format: "combined", onProgress: () => undefined },
  });
  rmSync(path);
}

/** Sends two events of a visit; returns the id of the first. */
async function visit(name: string): Promise<string> {
  const event_id = randomUUID();
  const from = { visitor_id: `planted-${name}-visitor`, url: `https://${SITE}/planted-${name}` };
  const body = JSON.stringify([
    { event: "page_view", event_id, ...from },
    { event: "signup", ...from, metadata: { plan: `planted-${name}-plan` } },
  ]);
  const headers = { "content-type": "application/json", "user-agent": AGENT };
  const answer = await fetch(`${server.url}/api/metrics/event`, { method: "POST", headers, body });
  expect(await answer.json()).toMatchObject({ stored: 2 });
  return event_id;
}

const readerKey = (): string => openKeys(dataDir, clock).create({ scope: "read", site: null, lifetimeMs: null }).key;

/** The paths that the ring shows, and that a question about all time is answered with. */
async function shownPaths(key: string): Promise<{ readonly ring: readonly unknown[]; readonly store: unknown }> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const snapshot = (await (await fetch(`${server.url}/api/metrics/behavior`, { headers })).json()) as {
    readonly last_events: readonly { readonly url: string }[];
  };
  const question = {
    ...{ site_id: SITE, metrics: ["pageviews"], dimensions: ["event:page"] },
    ...{ date_range: ["2015-01-01", utcDay(clock.now())], order_by: [["event:page", "asc"]] },
  };
  const answer = await fetch(`${server.url}/api/query`, { method: "POST", headers, body: JSON.stringify(question) });
  const { results } = (await answer.json()) as { readonly results: readonly { readonly dimensions: unknown[] }[] };
  const ring = new Set(snapshot.last_events.map(({ url }) => new URL(url).pathname));
  return { ring: [...ring], store: results.map(({ dimensions }) => dimensions[0]) };
}

/** Does what `passerby rotate --once` does, and packs at once what stays. */
async function rotate(): Promise<void> {
  const policy = { gzipAfterDays: 0, compress: "gzip", deleteAfterDays: DAYS, maxBytes: 67_108_864 } as const;
  const { errors, flags } = await rotateOnce({ dataDir, clock, policy, intervalSeconds: null });
  expect({ errors, flags }).toMatchObject({ errors: [], flags: { delete_after_days: DAYS } });
}

/** Every row of the closed store that tells of a visitor, as text. */
async function storeRows(): Promise<string> {
  const store = await openStore({ dataDir, clock, onWarning: () => undefined });
  const tables = ["events", "sessions", "checkpoints"];
  const rows = await store.read((ask) => Promise.all(tables.map((table) => ask(`SELECT * FROM ${table}`))));
  await store.close();
  return JSON.stringify(rows, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}

describe("a month after an event", () => {
  it("nothing of it is left in memory, in any answer or in any byte of the data directory", async () => {
    leaveRuins();
    await importLog("forever", null);
    await importLog("short", 20);
    await start();
    const key = readerKey();
    const oldId = await visit("old");
    const all = ["/planted-forever", "/planted-old", "/planted-short"];
    await expect.poll(() => shownPaths(key), { timeout: 10_000 }).toEqual({ ring: ["/planted-old"], store: all });
    await server.stop();
    await rotate();

    // The search finds each of them before.
    const shard = expect.stringMatching(/^metrics(?:-\d.*)?\.jsonl/);
    const traces = {
      "planted-old-visitor": [shard, "store.duckdb"],
      "planted-old-plan": [shard, "store.duckdb"],
      [oldId]: ["dedup-ids.bin", shard, "store.duckdb"],
      "planted-torn": [expect.stringMatching(/^metrics-torn-/)],
      "planted-aside": [expect.stringMatching(/^store-set-aside-/)],
      "planted-replay": ["store-replay.duckdb"],
      "planted-short": ["metrics-import-short-1.jsonl.gz", "store.duckdb"],
    };
    for (const [needle, files] of Object.entries(traces)) expect(findInFolder(dataDir, needle)).toEqual(files);

    offsetMs = 15 * DAY_MS;
    await start();
    const youngId = await visit("young");
    const ring = ["/planted-young", "/planted-old"];
    const withYoung = [...all, "/planted-young"];
    await expect.poll(() => shownPaths(key), { timeout: 10_000 }).toEqual({ ring, store: withYoung });

    // The server runs on: what it holds and keeps is rid of them without a restart.
    offsetMs = 31 * DAY_MS;
    expect(await askOwner(dataDir, "retain")).toMatchObject({ failed: [], ring_events: 2, torn_files: 1 });
    await rotate();
    expect(await shownPaths(key)).toEqual({
      ring: ["/planted-young"],
      store: ["/planted-forever", "/planted-young"],
    });
    await expect.poll(() => Object.keys(traces).flatMap((needle) => findInFolder(dataDir, needle))).toEqual([]);
    expect(await (await fetch(`${server.adminUrl}/metrics`)).text()).toContain("passerby_retention_last_success");

    // Nor does a start, or a store that is built anew, bring anything of them back.
    await server.stop();
    rmSync(join(dataDir, "store.duckdb"));
    await start();
    await expect
      .poll(() => shownPaths(key), { timeout: 10_000 })
      .toEqual({ ring: ["/planted-young"], store: ["/planted-forever", "/planted-young"] });
    await server.stop();
    expect(Object.keys(traces).flatMap((needle) => findInFolder(dataDir, needle))).toEqual([]);
    const rows = await storeRows();
    expect(Object.keys(traces).filter((needle) => rows.includes(needle))).toEqual([]);
    expect([youngId, "planted-young-visitor", "/planted-forever"].filter((kept) => !rows.includes(kept))).toEqual([]);
    expect(findInFolder(dataDir, youngId)).toEqual(["dedup-ids.bin", expect.any(String), "store.duckdb"]);
  }, 60_000);
});

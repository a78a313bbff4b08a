/** A visitor who is erased is in no file any more, all others are as they were, wherever the command is killed. */
import { copyFileSync, cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readManifest } from "../../src/log/files/manifest.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { isLong, script } from "../means.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import {
  allLines,
  countRemembered,
  eraseAtTerminal,
  eraseKilled,
  filesHolding,
  runErase,
  VICTIM,
  writeShards,
} from "./erase-fixtures.ts";
import { makeFolder } from "./log-fixtures.ts";
import { startWorkerServer } from "./worker-server.ts";

const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const OWN_ID = "0199aaaa-bbbb-7ccc-8ddd-00000000abcd";
const ERASED = /^(\S+): \{"v":1,"seq":\d+,"writer":"[\w-]+","start":"[\w-]+","erased":true\}$/;

type Asker = { readonly url: string; readonly key: string };

async function post(url: string, visitor: string, eventId?: string): Promise<unknown> {
  const body = { event: "click", visitor_id: visitor, ...(eventId && { event_id: eventId }) };
  const headers = { "content-type": "application/json", "user-agent": BROWSER };
  return (await fetch(`${url}/api/metrics/event`, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

async function ask({ url, key }: Asker, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  return (await fetch(`${url}${path}`, { headers, ...sent })).json() as Promise<Record<string, unknown>>;
}

/** Events by day of everybody but the victim, as the query layer answers. */
function askOthers(asker: Asker): Promise<unknown> {
  const query = {
    site: "localhost",
    metrics: ["events"],
    date_range: ["2026-11-19", new Date().toISOString().slice(0, 10)],
    dimensions: ["time:day"],
  };
  return ask(asker, "/api/query", query).then(({ results }) => results);
}

/** Waits until so many events are in the answers. */
async function untilAnswered(asker: Asker, events: number): Promise<void> {
  let sum = -1;
  for (let tries = 0; sum !== events && tries < 300; tries += 1) {
    await delay(50);
    const results = (await askOthers(asker)) as { metrics: number[] }[] | undefined;
    sum = (results ?? []).reduce((all, { metrics }) => all + (metrics[0] ?? 0), 0);
  }
  expect(sum).toBe(events);
}

function makeKey(dataDir: string): string {
  return openKeys(dataDir, systemClock).create({ scope: "read", site: null, lifetimeMs: null }).key;
}

/** The lines of others, and the places of the erased ones. */
function isOther(line: string): boolean {
  return !line.includes(VICTIM) && !ERASED.test(line);
}

async function startFilled(workers: string): Promise<TestServer & { readonly key: string }> {
  const dataDir = makeFolder();
  writeShards(dataDir);
  const key = makeKey(dataDir);
  const server = await startTestServer({
    dataDir,
    settings: { METRICS_WORKERS: workers, METRICS_RETENTION_DAYS: "3650" },
  });
  onTestFinished(server.stop);
  await post(server.url, VICTIM, OWN_ID);
  await post(server.url, "other-visitor-1");
  return { ...server, key };
}

describe("passerby erase without a collector", () => {
  it("takes a visitor out of every file, and leaves the lines of all others as they were", async () => {
    const server = await startFilled("1");
    await untilAnswered(server, 62);
    await server.stop();
    const { dataDir } = server;
    copyFileSync(join(dataDir, "store.duckdb"), join(dataDir, "store-set-aside-2026-11-20T00-00-00-000Z.duckdb"));
    const before = allLines(dataDir).filter(isOther);
    expect(await filesHolding(dataDir, VICTIM)).toEqual([
      "metrics-2026-11-20.1.jsonl",
      "metrics-2026-11-21.1.jsonl.gz",
      "metrics-2026-11-22.1.jsonl.zst",
      "metrics-2026-11-23.1.jsonl",
      "metrics-import-spring-1.jsonl",
      "metrics-torn-2026-11-23-w1-900-aa.jsonl",
      "metrics.jsonl",
      "store-set-aside-2026-11-20T00-00-00-000Z.duckdb",
      "store.duckdb",
    ]);
    expect(countRemembered(dataDir, OWN_ID)).toBe(1);

    const dry = await runErase(dataDir, ["--visitor", VICTIM, "--dry-run", "--json"]);
    expect(JSON.parse(dry.stdout)).toMatchObject({ found: 22, dry_run: true });
    expect(await filesHolding(dataDir, VICTIM)).toHaveLength(9);

    const erased = await runErase(dataDir, ["--visitor", VICTIM, "--yes", "--json"]);
    expect(erased.stderr).toBe("");
    expect(JSON.parse(erased.stdout)).toMatchObject({
      ok: true,
      found: 22,
      receipt: { event_ids: 17 },
      unsearched: [],
    });
    expect(await filesHolding(dataDir, VICTIM)).toEqual([]);
    expect(countRemembered(dataDir, OWN_ID)).toBe(0);
    // The active file has got a name of its own.
    const strip = (line: string): string => line.replace(/^\S+ /, "");
    expect(allLines(dataDir).filter(isOther).map(strip).sort()).toEqual(before.map(strip).sort());
    expect(allLines(dataDir).filter((line) => ERASED.test(line))).toHaveLength(21);
    expect(readdirSync(dataDir).filter((name) => /^erase-|\.tmp/.test(name))).toEqual([]);

    const again = await runErase(dataDir, ["--visitor", VICTIM, "--yes"]);
    expect([again.code, again.stdout]).toEqual([1, expect.stringContaining("salt that is destroyed within 48 h")]);
    expect((await runErase(dataDir, ["--visitor", VICTIM])).code).toBe(2);
    expect((await runErase(dataDir, ["--yes"])).code).toBe(2);
  }, 60_000);

  it("erases what a site received before a day, and nothing from that day on", async () => {
    const dataDir = makeFolder();
    writeShards(dataDir);
    const { stdout } = await runErase(dataDir, ["--site", "localhost", "--before", "2026-11-22", "--yes", "--json"]);
    const names: string[] = JSON.parse(stdout).receipt.files.map(({ file }: { file: string }) => file);
    expect(names).toEqual([
      "metrics-import-spring-1.jsonl",
      "metrics-2026-11-20.1.jsonl",
      "metrics-2026-11-21.1.jsonl",
    ]);
    expect(readManifest(dataDir).shards.get("metrics-2026-11-21.1.jsonl")).toMatchObject({ generation: 1, lines: 12 });
    expect(allLines(dataDir).filter((line) => ERASED.test(line))).toHaveLength(36);
  }, 30_000);
});

describe.skipIf(!script)("passerby erase at a terminal [needs script]", () => {
  it("shows what it would erase and asks, and takes nothing but yes for one", async () => {
    const dataDir = makeFolder();
    writeShards(dataDir);
    const before = allLines(dataDir);
    const no = await eraseAtTerminal(dataDir, ["--visitor", VICTIM], "y");
    expect(no.code).toBe(1);
    expect(no.shown).toMatch(/metrics-2026-11-20\.1\.jsonl +4\r\n.+Erase this for good\?.+Nothing has changed\./s);
    expect(allLines(dataDir)).toEqual(before);
    const yes = await eraseAtTerminal(dataDir, ["--visitor", VICTIM], "yes");
    expect(yes.code).toBe(0);
    expect(yes.shown).toMatch(/Erase this for good\?.+21 lines erased from 6 files/s);
    expect(await filesHolding(dataDir, VICTIM)).toEqual([]);
  }, 60_000);
});

describe("passerby erase beside a running collector", () => {
  it("takes a visitor out of files, memory, answers and remembered ids while the collector goes on", async () => {
    const server = await startFilled("1");
    await untilAnswered(server, 62);
    const before = allLines(server.dataDir).filter(isOther).length;
    const held = await ask(server, "/api/metrics/behavior");
    expect(JSON.stringify(held)).toContain(VICTIM);

    const erased = await runErase(server.dataDir, ["--visitor", VICTIM, "--yes", "--json"]);
    expect(erased.stderr).toBe("");
    expect(JSON.parse(erased.stdout)).toMatchObject({ found: 22, receipt: { event_ids: 17 } });
    expect(await filesHolding(server.dataDir, VICTIM)).toEqual([]);
    expect(countRemembered(server.dataDir, OWN_ID)).toBe(0);
    expect(JSON.stringify(await ask(server, "/api/metrics/behavior"))).not.toContain(VICTIM);
    expect(allLines(server.dataDir).filter(isOther)).toHaveLength(before);
    await untilAnswered(server, 41);
    // Its id is forgotten, so the same event may come again.
    expect(await post(server.url, "other-visitor-1", OWN_ID)).toMatchObject({ stored: 1 });
    await server.stop();
    expect(await filesHolding(server.dataDir, VICTIM)).toEqual([]);
    expect(server.warnings.filter((warning) => warning.includes("store"))).toEqual([]);
  }, 60_000);

  it("has every worker forget", async () => {
    const dataDir = makeFolder();
    writeShards(dataDir);
    const key = makeKey(dataDir);
    const server = startWorkerServer(dataDir, 2, { METRICS_STORE: "on", METRICS_RETENTION_DAYS: "3650" });
    const asker = { url: await server.url, key };
    const ids = Array.from({ length: 8 }, (_, index) => OWN_ID.replace(/.$/, String(index)));
    for (const id of ids) await post(asker.url, VICTIM, id);
    await untilAnswered(asker, 68);
    const erased = await runErase(dataDir, ["--visitor", VICTIM, "--yes", "--json"]);
    expect(erased.stderr).toBe("");
    expect(JSON.parse(erased.stdout)).toMatchObject({ found: 29, receipt: { event_ids: 24 } });
    await untilAnswered(asker, 40);
    expect(await filesHolding(dataDir, VICTIM)).toEqual([]);
    expect(ids.map((id) => countRemembered(dataDir, id))).toEqual(ids.map(() => 0));
    expect(JSON.stringify(await ask(asker, "/api/metrics/behavior"))).not.toContain(VICTIM);
    await server.end("SIGTERM");
    expect(await filesHolding(dataDir, VICTIM)).toEqual([]);
  }, 60_000);
});

describe("passerby erase that is killed behind any step", () => {
  it("ends in the same state when it is run again", async () => {
    const filled = makeFolder();
    writeShards(filled);
    const whole = makeFolder();
    cpSync(filled, whole, { recursive: true });
    expect(await eraseKilled(whole, 0)).toBe(0);
    expect(await filesHolding(whole, VICTIM)).toEqual([]);
    const state = (dataDir: string): unknown => [
      allLines(dataDir),
      [...readManifest(dataDir).shards],
      receiptOf(dataDir),
    ];

    let step = 1;
    // From one shard to the next there are six steps: so each kind is met.
    for (; ; step += isLong ? 1 : 7) {
      const dataDir = makeFolder();
      cpSync(filled, dataDir, { recursive: true });
      if ((await eraseKilled(dataDir, step)) === 0) break;
      await eraseKilled(dataDir, 0);
      expect(state(dataDir), `killed behind step ${step}`).toEqual(state(whole));
      expect(readdirSync(dataDir).filter((name) => /^erase-|\.tmp|\.ids$/.test(name))).toEqual([]);
    }
    expect(step).toBeGreaterThan(30);
  }, 180_000);
});

function receiptOf(dataDir: string): unknown {
  const receipts = readdirSync(dataDir).filter((name) => name.startsWith("erasure-"));
  return receipts.map((name) => JSON.parse(readFileSync(join(dataDir, name), "utf8")).files);
}

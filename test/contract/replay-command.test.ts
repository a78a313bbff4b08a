/** `passerby replay` as an operator meets it: alone and beside a running collector, killed, and with the same answers after. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { claimDataDir } from "../../src/log/owner/ownership.ts";
import { parseQuery } from "../../src/query/parse-query.ts";
import { answer } from "../../src/query/query.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { eventsOf, makeSampleLog, type SampleLog } from "../sample-log.ts";
import { COMMAND } from "../support/command.ts";
import { startTestServer } from "../support/test-server.ts";

const EVENTS = 9_000;

/** Questions of every kind that the dashboard asks. */
const QUESTIONS = [
  { metrics: ["visitors", "visits", "pageviews", "events", "bounce_rate", "visit_duration", "views_per_visit"] },
  { metrics: ["visitors", "pageviews"], dimensions: ["time:day"] },
  { metrics: ["visitors", "events"], dimensions: ["event:page"] },
  { metrics: ["visits", "bounce_rate"], dimensions: ["visit:source"] },
  { metrics: ["visits"], dimensions: ["visit:entry_page", "visit:device"] },
  { metrics: ["visitors"], filters: [["is", "event:page", ["/1", "/2"]]] },
];

let log: SampleLog;

beforeEach(() => {
  log = makeSampleLog();
  const line = (index: number): string => {
    const time = `2026-11-${18 + (index % 3)}T${String(index % 24).padStart(2, "0")}:${String(index % 60).padStart(2, "0")}`;
    const name = index % 4 === 0 ? "signup" : "page_view";
    return `${time} visitor${index % 501} ${name} /${index % 9} id=${index} source=s${index % 5} p=${index % 2 ? 1 : 0.5}`;
  };
  log.append(eventsOf(Array.from({ length: EVENTS }, (_, index) => line(index)).join("\n")));
  log.appendText("no line\n");
});
afterEach(() => log.remove());

function start(args: readonly string[]) {
  return spawn(process.execPath, [COMMAND, "replay", ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

async function replay(...args: readonly string[]) {
  const child = start(["--data-dir", log.dataDir, ...args]);
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  await once(child, "close");
  return { code: child.exitCode, ...output };
}

async function withStore<Result>(use: (store: Store) => Promise<Result>): Promise<Result> {
  const store = await openStore({
    dataDir: log.dataDir,
    clock: systemClock,
    onWarning: (message) => expect.fail(message),
  });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** What the store answers, without loading anything. */
function answers(): Promise<readonly unknown[]> {
  return withStore((store) =>
    Promise.all(
      QUESTIONS.map(async (question) => {
        const query = parseQuery(
          { site: "a.com", date_range: ["2026-11-17", "2026-11-21"], ...question },
          { sites: ["a.com"] },
        );
        return (await answer(store, query, Date.parse("2026-11-22T00:00:00Z"))).results;
      }),
    ),
  );
}

const inode = (): number => statSync(join(log.dataDir, "store.duckdb")).ino;

describe("passerby replay", () => {
  it("makes the store anew, and a fixed set of questions has the same answers before and after", async () => {
    await withStore((store) => store.load());
    const [before, old] = [await answers(), inode()];
    expect(JSON.stringify(before).length).toBeGreaterThan(1_000);
    const { code, stdout, stderr } = await replay("--json");
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      by: "command",
      events: EVENTS,
      resumed: 0,
      duplicates: 0,
      damaged: 1,
      erased: 0,
      bytes: statSync(join(log.dataDir, "metrics.jsonl")).size,
      seconds: expect.any(Number),
      events_per_second: expect.any(Number),
      peak_memory_bytes: expect.any(Number),
    });
    expect(inode()).not.toBe(old);
    expect(await answers()).toEqual(before);
  });

  it("says in words what it did, also where there was no store", async () => {
    const { code, stdout } = await replay();
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^9,000 events in the store, rebuilt by the command in [\d.]+ s \([\d,]+ events\/s, \d+ MB at most\)\n {2}0 duplicates left out, 0 lines erased, 1 lines damaged\n$/,
    );
  });

  it("killed in the middle leaves the old answers, and a second run ends with the same ones", async () => {
    await withStore((store) => store.load());
    const before = await answers();
    const child = start(["--data-dir", log.dataDir]);
    while (statSync(join(log.dataDir, "store-replay.duckdb"), { throwIfNoEntry: false }) === undefined) {
      expect(child.exitCode).toBeNull();
      await new Promise(setImmediate);
    }
    child.kill("SIGKILL");
    await once(child, "close");
    expect(await answers()).toEqual(before);
    expect((await replay()).code).toBe(0);
    expect(await answers()).toEqual(before);
  });

  it("has a running collector do it, which answers and stores events meanwhile", async () => {
    const server = await startTestServer({ dataDir: log.dataDir, settings: { METRICS_SITES: "a.com" } });
    try {
      const replaying = replay("--json");
      const body = JSON.stringify({ event: "signup", site: "a.com" });
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${server.url}/api/metrics/event`, { method: "POST", headers, body });
      expect(response.status).toBe(202);
      const { code, stdout } = await replaying;
      expect(code).toBe(0);
      const report: unknown = JSON.parse(stdout);
      expect(report).toMatchObject({ ok: true, by: "collector", damaged: 1 });
      expect(server.warnings).toEqual([]);
    } finally {
      await server.stop();
    }
    await withStore(async (store) => {
      await store.load();
      expect(store.status()).toMatchObject({ events: EVENTS + 1, duplicates: 0, damaged: 1 });
    });
  });

  it("ends with 1 beside a collector whose store is off, and with 2 where another command has the folder", async () => {
    const server = await startTestServer({ dataDir: log.dataDir, settings: { METRICS_STORE: "off" } });
    const off = await replay();
    await server.stop();
    expect(off.code).toBe(1);
    expect(off.stderr).toMatch(/^passerby: the replay did not end, the old store is as it was: the store is off/);
    const other = await claimDataDir(log.dataDir, systemClock);
    const { code, stderr } = await replay();
    await other.release();
    expect(code).toBe(2);
    expect(stderr).toMatch(/^passerby: \S+ belongs to another command, or to a collector that starts: .*\n$/);
  });

  it("ends with 2 for a folder that is not there, and for a word it does not know", async () => {
    const missing = mkdtempSync(join(tmpdir(), "passerby-none-"));
    rmSync(missing, { recursive: true });
    expect(await replay("--data-dir", missing)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^passerby: there is no data directory/),
    });
    expect((await replay("--fast")).code).toBe(2);
  });
});

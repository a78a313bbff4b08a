/** `GET /metrics` of a running server: what it says, that Prometheus can read it, and that no client chooses its size. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { writePause } from "../../src/log/rotate/pause.ts";
import { ROTATOR_FILE } from "../../src/log/rotate/rotator-state.ts";
import { renderMetrics } from "../../src/server/health/render-metrics.ts";
import * as means from "../means.ts";
import { runCommand } from "../support/command.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const LAST_SUCCESS = "2026-11-24T12:00:00.000Z";

let server: TestServer;

beforeAll(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "passerby-metrics-"));
  const state = { last_run: LAST_SUCCESS, last_success: LAST_SUCCESS, flags: { interval_seconds: 300 } };
  writeFileSync(join(dataDir, ROTATOR_FILE), JSON.stringify(state));
  const who = { uid: null, user: null, pid: 1 };
  writePause(dataDir, { paused: true, until: null, at: LAST_SUCCESS, who, why: null });
  writeFileSync(join(dataDir, "metrics-import-later-1.jsonl"), '{"v":2,"seq":0,"writer":"w1","start":"s","what":{}}\n');
  server = await startTestServer({ dataDir });
  await post('[{"event":"page_view"},{"event":"page_view"}]');
  await post("no json");
  await fetch(`${server.url}/api/metrics/event`, {
    method: "POST",
    headers: { "content-type": "application/json", "sec-gpc": "1" },
    body: '{"event":"page_view"}',
  });
  await vi.waitUntil(async () => (await scrape()).includes("passerby_store_last_load_timestamp_seconds"));
});
afterAll(() => server.close());

async function post(body: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  await (await fetch(`${server.url}/api/metrics/event`, { method: "POST", headers, body })).text();
}

async function scrape(): Promise<string> {
  return (await fetch(`${server.adminUrl}/metrics`)).text();
}

/** Returns the value of one line, by name and labels as they are written. */
async function valueFor(series: string): Promise<number> {
  const line = (await scrape()).split("\n").find((candidate) => candidate.startsWith(`${series} `));
  if (line === undefined) throw new Error(`no ${series} in the scrape`);
  return Number(line.slice(series.length));
}

type Described = { readonly name: string; readonly type: string; readonly labels: readonly string[] };

/** Every metric of a scrape with its type and the labels that its lines have, but for a bucket's bound. */
function describeScrape(scraped: string): readonly Described[] {
  return [...scraped.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => {
    const lines = scraped
      .split("\n")
      .filter((line) => line.replace(/_(bucket|sum|count)(?=[{ ])/, "").match(`^${name}[{ ]`));
    const labels = lines.flatMap((line) => [...line.matchAll(/[{,](\w+)="/g)].map(([, label = ""]) => label));
    return { name, type, labels: [...new Set(labels)].filter((label) => label !== "le").sort() };
  });
}

describe("GET /metrics", () => {
  it("has the metrics of docs/reference/metrics.md with their types and labels, all of them and no other", async () => {
    const page = readFileSync(new URL("../../docs/reference/metrics.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \| /gm)];
    const told = rows.map(([, name, type, labels = ""]) => ({
      name,
      type,
      labels: [...labels.matchAll(/\w+/g)].map(String).sort(),
    }));
    // The time of the last retention is there once it has run, soon after the start.
    await expect.poll(async () => describeScrape(await scrape())).toEqual(told);
  });

  it("counts events by what became of them", async () => {
    expect(await valueFor('passerby_events_total{outcome="stored",reason="none"}')).toBe(2);
    expect(await valueFor('passerby_events_total{outcome="dropped",reason="opted_out"}')).toBe(1);
    expect(await valueFor('passerby_events_total{outcome="refused",reason="invalid_json"}')).toBe(1);
    expect(await valueFor('passerby_events_total{outcome="refused",reason="rate_limited"}')).toBe(0);
  });

  it("counts requests by route and status, and times acknowledgements and syncs", async () => {
    expect(await valueFor('passerby_http_requests_total{route="/api/metrics/event",status="202"}')).toBe(2);
    expect(await valueFor('passerby_http_requests_total{route="/api/metrics/event",status="400"}')).toBe(1);
    expect(await valueFor("passerby_ack_duration_seconds_count")).toBe(2);
    expect(await valueFor("passerby_ack_duration_seconds_sum")).toBeGreaterThan(0);
    expect(await valueFor("passerby_log_fsync_duration_seconds_count")).toBe(1);
    expect(await valueFor("passerby_log_fsync_duration_seconds_sum")).toBeGreaterThan(0);
  });

  it("knows ring, log, rates and rotator", async () => {
    expect(await valueFor("passerby_ring_events")).toBe(2);
    expect(await valueFor("passerby_log_accepting")).toBe(1);
    expect(await valueFor("passerby_log_active_bytes")).toBeGreaterThan(100);
    expect(await valueFor('passerby_sample_ratio{side="server"}')).toBe(1);
    expect(await valueFor("passerby_rotator_last_success_timestamp_seconds")).toBe(Date.parse(LAST_SUCCESS) / 1000);
    expect(await valueFor("passerby_rotation_paused")).toBe(1);
  });

  it("knows of lines that a newer version has written, of which health warns", async () => {
    expect(await valueFor("passerby_store_newer_lines")).toBe(1);
    const warning = expect.stringContaining("1 line of the log is of a newer version");
    const health = await (await fetch(`${server.url}/api/metrics/health`)).json();
    expect(health).toMatchObject({ status: "healthy", warnings: expect.arrayContaining([warning]) });
  });

  it("grows by no request of a client's making", async () => {
    const before = (await scrape()).split("\n").length;
    for (let path = 0; path < 50; path += 1) await fetch(`${server.url}/${path}/wp-login.php?a=${path}`);
    // One line for paths that no route has, whatever they are, beside those that were there.
    expect((await scrape()).split("\n").length).toBeLessThanOrEqual(before + 1);
  });

  it("is not on the public address, and is alone on its own", async () => {
    expect((await fetch(`${server.url}/metrics`)).status).toBe(404);
    expect((await fetch(`${server.adminUrl}/`)).status).toBe(404);
    expect((await fetch(`${server.adminUrl}/metrics`)).headers.get("content-type")).toBe(
      "text/plain; version=0.0.4; charset=utf-8",
    );
  });

  it("adds the numbers of several processes up, each in its own way", async () => {
    const numbers = (value: number) =>
      (["sum", "max", "first"] as const).map((aggregator) => ({
        ...{ name: aggregator, type: "gauge" as const, help: "x", aggregator },
        values: [{ labels: { route: "/" }, value }],
      }));
    const rendered = await renderMetrics([numbers(1), numbers(5)]);
    expect(rendered.split("\n").filter((line) => line.includes("{"))).toEqual([
      'sum{route="/"} 6',
      'max{route="/"} 5',
      'first{route="/"} 1',
    ]);
  });
});

describe.skipIf(!means.promtool)("Prometheus [needs promtool]", () => {
  it("reads the text and finds nothing to complain about", async () => {
    const child = spawn(means.promtool ?? "", ["check", "metrics"], { stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.end(await scrape());
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
    expect([code, out + err]).toEqual([0, ""]);
  });
});

describe("the admin listener", () => {
  it("ends the start with one line and exit code 2 when its port is in use", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const address = holder.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const dataDir = mkdtempSync(join(tmpdir(), "passerby-metrics-"));
    const { code, stderr } = await runCommand(["start", "--port", "0", "--data-dir", dataDir], {
      METRICS_ADMIN_LISTEN: `127.0.0.1:${port}`,
    });
    holder.close();
    expect([code, stderr]).toEqual([
      2,
      `passerby: admin port ${port} is in use: give METRICS_ADMIN_LISTEN another address, or off\n`,
    ]);
  });

  it("can be switched off", async () => {
    const quiet = await startTestServer({ settings: { METRICS_ADMIN_LISTEN: "off" } });
    const health = await fetch(`${quiet.url}/api/metrics/health`);
    await quiet.close();
    expect([quiet.adminUrl, health.status]).toEqual(["", 200]);
  });
});

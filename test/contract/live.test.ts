/** The wire contract of snapshot, health and run-time config, and the smoke commands of the production checklist. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import * as means from "../means.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

let server: TestServer;
let readKey: string;

beforeAll(async () => {
  server = await startTestServer({ settings: { ALLOWED_ORIGINS: "https://example.com" } });
  readKey = openKeys(server.dataDir, systemClock).create({ scope: "read", site: null, lifetimeMs: null }).key;
});
afterAll(() => server.close());

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}${path}`, { headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
}

describe.skipIf(!means.curl)("the smoke commands [needs curl]", () => {
  const curl = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await promisify(execFile)(means.curl ?? "", ["-sS", ...args])).stdout);

  it("answer as the checklist prints them", async () => {
    expect(
      await curl(
        ...["-X", "POST", `${server.url}/api/metrics/event`, "-H", "Content-Type: application/json"],
        ...["-d", '{"visitor_id":"smoke-test","event":"page_view","metadata":{}}'],
      ),
    ).toEqual({ ok: true, stored: 1, file: "metrics.jsonl" });
    expect(await curl(`${server.url}/api/metrics/behavior?limit=5`)).toEqual({
      total: 1,
      by_event: [{ event: "page_view", count: 1 }],
      last_events: [{ event: "page_view", timestamp: expect.stringMatching(/:00\.000Z$/), visitor_id: "redacted" }],
      file_size_bytes: expect.any(Number),
    });
    expect(await curl(`${server.url}/api/metrics/health`)).toEqual({
      status: "healthy",
      ring_size: 1,
      ring_capacity: 500,
      file_exists: true,
      warnings: expect.any(Array),
    });
  });
});

describe("the snapshot", () => {
  it("is whole with a key that may read", async () => {
    const { body } = await get("/api/metrics/behavior", { authorization: `Bearer ${readKey}` });
    expect(body).toMatchObject({
      last_events: [{ visitor_id: "smoke-test", site: "example.com" }],
      received_last_minute: 1,
    });
  });

  it("is refused with a key that is not known, rather than shown redacted", async () => {
    expect(await get("/api/metrics/behavior", { authorization: "Bearer pb_read_unknown" })).toMatchObject({
      status: 401,
      body: { ok: false, error: "key_required" },
    });
  });

  it.each([
    ...["limit=0", "limit=501", "limit=1.5", "limit=many", "limit=1&limit=2"],
    ...["since=yesterday", "site=a.com&site=b.org"],
  ])("refuses %s", async (query) => {
    expect(await get(`/api/metrics/behavior?${query}`)).toMatchObject({
      status: 400,
      body: { error: "invalid_request" },
    });
  });

  it("is filled again from the log after a restart", async () => {
    const first = await startTestServer();
    await fetch(`${first.url}/api/metrics/event`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify([{ event: "page_view" }, { event: "link_click" }]),
    });
    await first.stop();
    const second = await startTestServer({ dataDir: first.dataDir });
    const snapshot = await (await fetch(`${second.url}/api/metrics/behavior`)).json();
    await second.close();
    expect(snapshot).toMatchObject({ total: 2, last_events: [{ event: "link_click" }, { event: "page_view" }] });
  });

  it("is about one site, one name and what came since, as asked", async () => {
    const own = await startTestServer({
      settings: { METRICS_SITES: "example.com,other.org", METRICS_PUBLIC_EVENTS: "signup" },
    });
    const post = (events: readonly object[]): Promise<Response> =>
      fetch(`${own.url}/api/metrics/event`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(events),
      });
    await post([{ event: "signup" }, { event: "secret_plan" }, { event: "page_view", site: "other.org" }]);
    const key = openKeys(own.dataDir, systemClock).create({
      scope: "overlay",
      site: "other.org",
      lifetimeMs: null,
    }).key;
    const namesAt = async (query: string, headers: Record<string, string> = {}): Promise<unknown> => {
      const response = await fetch(`${own.url}/api/metrics/behavior${query}`, { headers });
      const body: { by_event?: readonly { event: string }[]; error?: string } = JSON.parse(await response.text());
      return body.by_event?.map(({ event }) => event).join(" ") ?? body.error;
    };
    const withKey = { authorization: `Bearer ${key}` };
    const told = {
      public: await namesAt(""),
      ofSite: await namesAt("?site=other.org"),
      declared: await namesAt("?event=signup"),
      custom: await namesAt("?event=secret_plan"),
      later: await namesAt("?since=2999-01-01T00:00:00Z"),
      earlier: await namesAt("?since=2020-01-01T00:00:00Z"),
      overlay: await namesAt("", withKey),
      overlayElsewhere: await namesAt("?site=example.com", withKey),
    };
    await own.close();
    expect(told).toEqual({
      ...{ public: "(custom) signup", ofSite: "page_view", declared: "signup", custom: "", later: "" },
      ...{ earlier: "(custom) signup", overlay: "page_view", overlayElsewhere: "scope_missing" },
    });
  });

  it("can be switched off", async () => {
    const closed = await startTestServer({ settings: { SNAPSHOT_ACCESS: "off" } });
    const response = await fetch(`${closed.url}/api/metrics/behavior`);
    await closed.close();
    expect(response.status).toBe(401);
  });
});

describe("health", () => {
  it("answers older clients", async () => {
    expect((await get("/api/metrics/behavior/health")).body).toEqual({
      ok: true,
      ring_capacity: 500,
      sink_exists: true,
    });
  });

  it("warns, and stays healthy, when a proxy that is not named forwards", async () => {
    await get("/api/metrics/config", { "x-forwarded-for": "203.0.113.5" });
    const { status, body } = await get("/api/metrics/health");
    const proxy = expect.stringContaining("TRUSTED_PROXIES");
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "healthy", warnings: expect.arrayContaining([proxy]) });
  });
});

describe("the run-time config", () => {
  it("says what a tracker needs, privately and for half a minute", async () => {
    const { body, headers } = await get("/api/metrics/config", { origin: "https://example.com" });
    expect(body).toEqual({ enabled: true, sample_rate: null, max_batch: 50, flush_ms: 5000, u: expect.any(Number) });
    expect(body.u).toBeGreaterThanOrEqual(0);
    expect(body.u).toBeLessThan(65_536);
    expect(headers.get("cache-control")).toBe("private, max-age=30");
    expect(headers.get("access-control-allow-origin")).toBe("https://example.com");
    expect(headers.get("passerby-config")).toMatch(/^"[\w-]{16}"$/);
  });

  it("answers 304 to the same visitor and tells visitors apart by u only", async () => {
    const first = await get("/api/metrics/config", { "user-agent": "Browser/1" });
    const again = await get("/api/metrics/config", {
      "user-agent": "Browser/1",
      "if-none-match": first.headers.get("etag") ?? "",
    });
    const other = await get("/api/metrics/config", { "user-agent": "Browser/2" });
    expect(again.status).toBe(304);
    expect(other.body.u).not.toBe(first.body.u);
    expect(other.headers.get("passerby-config")).toBe(first.headers.get("passerby-config"));
  });
});

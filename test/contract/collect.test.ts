/** The wire contract of `POST /api/metrics/event`, black-box over HTTP against a real server with a real log. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACTIVE_FILE, startTestServer, type TestServer } from "../support/test-server.ts";

const ORIGIN = "https://www.example.com";
const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    settings: {
      ALLOWED_ORIGINS: "https://example.com,https://www.example.com",
      METRICS_SITES: "example.com,other.org",
    },
  });
});
afterAll(() => server.close());

type Answer = { readonly status: number; readonly headers: Headers; readonly body: Record<string, unknown> };

async function post(body: unknown, headers: Record<string, string> = {}, path = "/api/metrics/event"): Promise<Answer> {
  const response = await fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": CHROME, ...headers },
    body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? {} : JSON.parse(text) };
}

function lineOf(marker: string): Record<string, unknown> | undefined {
  return server.readLog().find((line) => JSON.stringify(line["metadata"]).includes(marker));
}

describe("an accepted event", () => {
  it("is in the named file when the answer comes", async () => {
    const { status, body } = await post({
      visitor_id: "smoke-test",
      event: "page_view",
      metadata: { marker: "first" },
    });
    expect(status).toBe(202);
    expect(body).toEqual({ ok: true, stored: 1, file: expect.stringMatching(ACTIVE_FILE) });
    expect(lineOf("first")).toMatchObject({
      v: 1,
      writer: expect.stringMatching(/^w[12]$/),
      event: "page_view",
      visitor_id: "smoke-test",
    });
  });

  it("is stored with what the collector knows, and without address or user agent", async () => {
    const event = {
      event: "page_view",
      url: "https://example.com/pricing?utm_source=news&session=secret#top",
      referrer: "https://www.google.com/search?q=me%40example.com",
      metadata: { marker: "enriched", mail: "me@example.com" },
    };
    const { body } = await post(event, { origin: ORIGIN, "accept-language": "de-DE,de;q=0.9" });
    expect(body).toMatchObject({ ok: true, stored: 1 });
    expect(body["redacted"]).toBeGreaterThanOrEqual(1);
    const line = lineOf("enriched");
    expect(line).toMatchObject({
      site: "example.com",
      url: "https://example.com/pricing?utm_source=news",
      referrer: "https://www.google.com/search",
      language: "de-DE",
      browser: "Chrome",
      os: "Windows",
      device: "desktop",
      source: "news",
      is_bot: false,
      sample_rate: 1,
      server_sample_rate: 1,
    });
    expect(String(line?.["visitor_id"])).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(JSON.stringify(line)).not.toMatch(/127\.0\.0\.1|Mozilla|secret|me@example|me%40/);
  });

  it("comes as one, as an array, as an envelope, as text and compressed", async () => {
    const one = { event: "shape" };
    expect((await post([one, one])).body).toMatchObject({ stored: 2 });
    expect(
      (await post({ events: [one, one, one], sent_at: new Date().toISOString(), contract: 1 })).body,
    ).toMatchObject({ stored: 3 });
    expect((await post(JSON.stringify(one), { "content-type": "text/plain;charset=UTF-8" })).body).toMatchObject({
      stored: 1,
    });
    expect((await post(gzipSync(JSON.stringify(one)), { "content-encoding": "gzip" })).body).toMatchObject({
      stored: 1,
    });
  });

  it("of a robot is kept and marked", async () => {
    await post(
      { event: "page_view", metadata: { marker: "robot" } },
      { "user-agent": "Googlebot/2.1 (+http://www.google.com/bot.html)" },
    );
    expect(lineOf("robot")).toMatchObject({ is_bot: true, device: "bot" });
  });

  it("keeps the same visitor together and two sites apart", async () => {
    await post({ event: "a", metadata: { marker: "same-1" } });
    await post({ event: "b", metadata: { marker: "same-2" } });
    await post({ event: "c", site: "other.org", metadata: { marker: "same-3" } });
    const [first, second, third] = ["same-1", "same-2", "same-3"].map((marker) => lineOf(marker)?.["visitor_id"]);
    expect(first).toBe(second);
    expect(third).not.toBe(first);
  });
});

describe("an event that is left out on purpose", () => {
  it.each([["sec-gpc"], ["dnt"]])("for %s is answered as opted out, and nothing of it is stored", async (header) => {
    const before = server.readLog().length;
    const { status, body } = await post({ event: "page_view" }, { [header]: "1" });
    expect(status).toBe(202);
    expect(body).toEqual({ ok: true, stored: 0, file: null, dropped: { opted_out: 1 } });
    expect(server.readLog()).toHaveLength(before);
  });
});

describe("a refused request", () => {
  it.each([
    ["no JSON", "{", 400, { ok: false, error: "invalid_json" }],
    ["a missing event", {}, 400, { ok: false, error: "invalid_event", details: [{ index: 0, path: "/event" }] }],
    [
      "a short visitor_id",
      { event: "a", visitor_id: "abc" },
      400,
      { error: "invalid_event", details: [{ index: 0, path: "/visitor_id", message: "must be 6 to 64 characters" }] },
    ],
    ["a typo", { event: "a", vistor_id: "abcdef" }, 400, { details: [{ index: 0, path: "/vistor_id" }] }],
    ["an unknown site", { event: "a", site: "evil.tld" }, 400, { details: [{ path: "/site" }] }],
  ])("for %s says what is wrong", async (_name, body, status, expected) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ ok: false, message: expect.stringMatching(/.{10}/), ...expected });
  });

  it("is refused whole without partial, and stored in part with it", async () => {
    const batch = [{ event: "good" }, { event: "" }, { event: "good" }];
    const before = server.readLog().length;
    expect((await post(batch)).status).toBe(400);
    expect(server.readLog()).toHaveLength(before);
    const { status, body } = await post(batch, {}, "/api/metrics/event?partial=1");
    expect(status).toBe(202);
    expect(body).toMatchObject({
      ok: true,
      stored: 2,
      refused: { invalid_event: 1 },
      details: [{ index: 1, path: "/event" }],
    });
    expect(server.readLog()).toHaveLength(before + 2);
  });

  it("holds nothing valid: 400 even with partial", async () => {
    expect((await post([{ event: "" }], {}, "/api/metrics/event?partial=1")).status).toBe(400);
  });

  it("names at most 20 problems", async () => {
    const { body } = await post(new Array(100).fill({ event: "" }));
    expect(body["details"]).toHaveLength(20);
  });

  it("is 413 from the first byte over 64 KiB, and 202 at it", async () => {
    const pad = (size: number): string => `{"event":"big","metadata":{}}${" ".repeat(size - 29)}`;
    expect(pad(65_536)).toHaveLength(65_536);
    expect((await post(pad(65_536))).status).toBe(202);
    expect(await post(pad(65_537))).toMatchObject({ status: 413, body: { ok: false, error: "payload_too_large" } });
  });

  it("is 415 for another content type", async () => {
    const answer = await post("event=a", { "content-type": "application/x-www-form-urlencoded" });
    expect(answer).toMatchObject({ status: 415, body: { ok: false, error: "unsupported_media_type" } });
  });

  it("is 405 for another method", async () => {
    const response = await fetch(`${server.url}/api/metrics/event`);
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST, OPTIONS"]);
    expect(await response.json()).toMatchObject({ ok: false, error: "method_not_allowed" });
  });

  it("is 404 in JSON for a path that is not there", async () => {
    const response = await fetch(`${server.url}/api/metrics/nothing`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ ok: false, error: "not_found" });
  });

  it("never shows a stack", async () => {
    const response = await fetch(`${server.url}/api/metrics/event`, {
      method: "POST",
      body: "x",
      headers: { "content-length": "1" },
    });
    expect(await response.text()).not.toMatch(/\bat .*\.(ts|js):\d+/);
  });
});

describe("CORS", () => {
  const preflight = (origin: string): Promise<Response> =>
    fetch(`${server.url}/api/metrics/event`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type" },
    });

  it("answers a preflight from an allowed origin", async () => {
    const response = await preflight(ORIGIN);
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "access-control-allow-origin": ORIGIN,
      "access-control-allow-methods": "GET, POST, OPTIONS",
      "access-control-allow-headers": "Content-Type, Authorization, If-None-Match, Last-Event-ID",
      "access-control-max-age": "86400",
      vary: "Origin",
    });
    expect(response.headers.get("access-control-allow-credentials")).toBeNull();
  });

  it.each(["https://evil.tld", "https://example.com.evil.tld", "null"])("gives nothing to %s", async (origin) => {
    const response = await preflight(origin);
    expect(response.status).toBe(403);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    expect(response.headers.get("vary")).toBe("Origin");
  });

  it("refuses an event from a foreign origin, and stores nothing", async () => {
    const before = server.readLog().length;
    const { status, body, headers } = await post({ event: "a" }, { origin: "https://evil.tld" });
    expect(status).toBe(403);
    expect(body).toMatchObject({ ok: false, error: "origin_not_allowed" });
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(server.readLog()).toHaveLength(before);
  });

  it.each([
    ["a 202", { event: "a" }, 202],
    ["a 400", "{", 400],
    ["a 413", "x".repeat(70_000), 413],
  ])("lets an allowed page read %s", async (_name, body, status) => {
    const answer = await post(body, { origin: ORIGIN });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("access-control-allow-origin")).toBe(ORIGIN);
    expect(answer.headers.get("access-control-expose-headers")).toBe("Retry-After, ETag, Passerby-Config");
    expect(answer.headers.get("passerby-config")).toMatch(/^"[\w-]{16}"$/);
  });
});

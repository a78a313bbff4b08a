/** What every answer under /api/metrics bears, whichever way it is answered: on bare HTTP, by the framework, or as an error. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const ORIGIN = "https://example.com";
const COMMON = [
  "access-control-allow-origin",
  "access-control-expose-headers",
  "passerby-config",
  "vary",
  "x-content-type-options",
] as const;

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ settings: { ALLOWED_ORIGINS: ORIGIN } });
});
afterAll(() => server.close());

async function commonHeaders(path: string, init: RequestInit, origin: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`${server.url}/api/metrics${path}`, { ...init, headers: { ...init.headers, origin } });
  await answer.arrayBuffer();
  return { status: answer.status, ...Object.fromEntries(COMMON.map((name) => [name, answer.headers.get(name)])) };
}

const json = { "content-type": "application/json" };

describe("an answer under /api/metrics", () => {
  it.each<[string, RequestInit, number]>([
    ["/event", { method: "POST", headers: json, body: '{"event":"a"}' }, 202],
    ["/event", { method: "POST", headers: json, body: "{" }, 400],
    ["/event", { method: "POST", headers: json, body: "x".repeat(70_000) }, 413],
    ["/event", { method: "GET" }, 405],
    ["/config", { method: "GET" }, 200],
    ["/behavior", { method: "GET" }, 200],
    ["/behavior?limit=0", { method: "GET" }, 400],
    ["/ledger", { method: "GET" }, 401],
    ["/stream", { method: "GET" }, 401],
    ["/health", { method: "GET" }, 200],
    ["/nothing", { method: "GET" }, 404],
  ])("%s with %o bears the same headers (%i)", async (path, init, status) => {
    expect(await commonHeaders(path, init, ORIGIN)).toEqual({
      status,
      "access-control-allow-origin": ORIGIN,
      "access-control-expose-headers": "Retry-After, ETag, Passerby-Config",
      "passerby-config": expect.stringMatching(/^"[\w-]{16}"$/),
      vary: "Origin",
      "x-content-type-options": "nosniff",
    });
    expect(await commonHeaders(path, init, "https://evil.example")).toMatchObject({
      "access-control-allow-origin": null,
      "access-control-expose-headers": null,
      vary: "Origin",
    });
  });

  it.each([
    ["GET", "/event", 405],
    ["GET", "/nothing", 404],
    ["POST", "/event", 415],
    ["GET", "/ledger", 401],
  ])("is kept by no cache when it is an error: %s %s", async (method, path, status) => {
    const answer = await fetch(`${server.url}/api/metrics${path}`, { method });
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([status, "no-store"]);
  });
});

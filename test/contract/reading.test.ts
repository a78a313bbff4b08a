/** Who may read: keys, sessions, origins, and how soon an event is in an answer. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

let server: TestServer;
let keys: { readonly read: string; readonly ingest: string; readonly oneSite: string };

beforeAll(async () => {
  server = await startTestServer({ settings: { METRICS_SITES: "example.com,other.org" } });
  const ring = openKeys(server.dataDir, systemClock);
  const make = (scope: "read" | "ingest", site: string | null): string =>
    ring.create({ scope, site, lifetimeMs: null }).key;
  keys = { read: make("read", null), ingest: make("ingest", null), oneSite: make("read", "other.org") };
});
afterAll(() => server.close());

const QUESTION = { site_id: "example.com", metrics: ["visitors", "pageviews"], date_range: "day" };

async function ask(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

describe("a question", () => {
  it("is answered to a key that may read", async () => {
    const answer = await ask("/api/query", QUESTION, { authorization: `Bearer ${keys.read}` });
    expect(answer).toMatchObject({ status: 200, body: { results: [{ dimensions: [], metrics: [0, 0] }] } });
  });

  it.each([
    ["nothing", () => ({}), 401, "key_required"],
    ["an unknown key", () => ({ authorization: "Bearer pb_read_unknown" }), 401, "key_required"],
    ["a header that is no key", () => ({ authorization: "Basic YTpi" }), 401, "key_required"],
    ["a key that may only send", () => ({ authorization: `Bearer ${keys.ingest}` }), 403, "scope_missing"],
    ["a key of another site", () => ({ authorization: `Bearer ${keys.oneSite}` }), 403, "scope_missing"],
    ["a forged cookie", () => ({ cookie: "passerby_session=forged" }), 401, "key_required"],
  ])("is refused to %s", async (_who, headers, status, error) => {
    expect(await ask("/api/query", QUESTION, headers())).toMatchObject({ status, body: { ok: false, error } });
  });

  it("that is wrong is told apart", async () => {
    const wrong = { ...QUESTION, metrics: ["visitors", "baa"] };
    expect(await ask("/api/query", wrong, { authorization: `Bearer ${keys.read}` })).toMatchObject({
      status: 400,
      body: { ok: false, error: "invalid_query", message: '#/metrics/1: Invalid metric "baa"' },
    });
  });

  it("holds an event at most 2 s after its 202", async () => {
    await ask(
      "/api/metrics/event",
      { event: "page_view", site: "other.org", url: "https://other.org/new" },
      { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0" },
    );
    const acknowledged = performance.now();
    const question = { ...QUESTION, site_id: "other.org" };
    const asked = async (): Promise<unknown> =>
      (await ask("/api/query", question, { authorization: `Bearer ${keys.read}` })).body;
    const answer = { results: [{ metrics: [1, 1] }] };
    await vi.waitFor(async () => expect(await asked()).toMatchObject(answer), { timeout: 10_000, interval: 50 });
    expect(performance.now() - acknowledged).toBeLessThan(2_000);
  });
});

describe("a session", () => {
  const own = (): Record<string, string> => ({ origin: server.url });

  async function signedIn(credential: Record<string, string>): Promise<Record<string, string>> {
    const { headers } = await ask("/api/sign-in", credential, own());
    return { ...own(), cookie: (headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
  }

  it("reads from the dashboard's page", async () => {
    const headers = await signedIn({ token: server.signInToken() });
    expect((await ask("/api/query", QUESTION, headers)).status).toBe(200);
    expect((await ask("/api/sites", {}, headers)).body).toEqual({
      sites: [
        { name: "example.com", hosts: ["example.com"] },
        { name: "other.org", hosts: ["other.org"] },
      ],
      default_site: "example.com",
      base_url: server.url,
    });
    expect((await ask("/api/now", { site: "other.org" }, headers)).body).toEqual({ visitors: 1 });
    expect((await ask("/api/arrivals", { site: "other.org" }, headers)).body).toMatchObject({ received: 1, stored: 1 });
  });

  it("does not read for another page, whatever its cookie", async () => {
    const headers = await signedIn({ token: server.signInToken() });
    const foreign = { ...headers, origin: "https://evil.tld" };
    expect(await ask("/api/query", QUESTION, foreign)).toMatchObject({
      status: 403,
      body: { error: "origin_not_allowed" },
    });
  });

  it("is not opened from another page", async () => {
    const { status, headers } = await ask(
      "/api/sign-in",
      { token: server.signInToken() },
      { origin: "https://evil.tld" },
    );
    expect([status, headers.get("set-cookie")]).toEqual([403, null]);
  });

  it("takes JSON only, which no foreign form can send", async () => {
    const headers = await signedIn({ token: server.signInToken() });
    const { status } = await ask("/api/query", QUESTION, { ...headers, "content-type": "text/plain" });
    expect(status).toBe(415);
  });

  it("sees the one site of its key", async () => {
    const headers = await signedIn({ key: keys.oneSite });
    expect((await ask("/api/query", QUESTION, headers)).status).toBe(403);
    expect((await ask("/api/arrivals", { site: "example.com" }, headers)).status).toBe(403);
    expect((await ask("/api/sites", {}, headers)).body).toMatchObject({
      sites: [{ name: "other.org" }],
      default_site: "other.org",
    });
  });

  it("ends when its owner signs out", async () => {
    const headers = await signedIn({ token: server.signInToken() });
    expect((await ask("/api/sign-out", {}, headers)).status).toBe(200);
    expect((await ask("/api/query", QUESTION, headers)).status).toBe(401);
  });

  it("has a cookie pinned to the host under TLS", async () => {
    const { headers } = await ask(
      "/api/sign-in",
      { token: server.signInToken() },
      { origin: server.url, "x-forwarded-proto": "https" },
    );
    expect(headers.get("set-cookie")).toMatch(
      /^__Host-passerby_session=.*; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
  });
});

describe("the pages", () => {
  it("come with a policy that allows nothing inline", async () => {
    const response = await fetch(`${server.url}/`);
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(response.status).toBe(200);
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain("unsafe");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await response.text()).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>|\son\w+=|style=/i);
  });

  it("let other sites load the scripts of the tracker and nothing else", async () => {
    for (const name of ["passerby.js", "passerby-dev.js", "passerby-overlay.js"]) {
      const script = await fetch(`${server.url}/${name}`);
      expect(script.status, name).toBe(200);
      expect(script.headers.get("content-type")).toMatch(/javascript/);
      expect(script.headers.get("cross-origin-resource-policy")).toBe("cross-origin");
    }
    expect((await fetch(`${server.url}/`)).headers.get("cross-origin-resource-policy")).toBe("same-origin");
  });

  it("answer no path outside the build", async () => {
    for (const path of [
      "/../package.json",
      "/%2e%2e/package.json",
      "/assets/..%2f..%2f..%2fpackage.json",
      "/keys.json",
    ]) {
      expect((await fetch(`${server.url}${path}`)).status, path).toBeGreaterThanOrEqual(400);
    }
  });
});

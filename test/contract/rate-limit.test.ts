/** The wire contract of the rate limit: who is refused with 429, when to come again, and what is counted. */
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { type KeyScope, openKeys } from "../../src/server/access/keys.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

let server: TestServer;
let monotonicMs = 0;

beforeEach(async () => {
  monotonicMs = 1_000;
  server = await startTestServer({
    settings: {
      ALLOWED_ORIGINS: "https://example.com",
      METRICS_RATE_LIMIT: "0.5",
      METRICS_RATE_BURST: "2",
      TRUSTED_PROXIES: "127.0.0.1",
      // The clock of this test jumps, which the guard against overload would take for lag.
      METRICS_MAX_LAG_MS: "60000",
    },
    clock: { ...systemClock, monotonicMs: () => monotonicMs },
  });
});
afterEach(() => server.close());

type Asked = { readonly status: number; readonly retryAfter: string | null; readonly body: Record<string, unknown> };

async function ask(path: string, init: RequestInit = {}): Promise<Asked> {
  const response = await fetch(`${server.url}${path}`, init);
  const text = await response.text();
  const body = text === "" ? {} : JSON.parse(text);
  return { status: response.status, retryAfter: response.headers.get("retry-after"), body };
}

function send(headers: Record<string, string> = {}, body: string | Uint8Array<ArrayBuffer> = '{"event":"a"}') {
  const own = { "content-type": "application/json", "user-agent": "Browser/1", ...headers };
  return ask("/api/metrics/event", { method: "POST", headers: own, body });
}

async function statusesOf(count: number, request: () => Promise<Asked>): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (let index = 0; index < count; index++) statuses.push((await request()).status);
  return statuses;
}

function makeKey(scope: KeyScope): string {
  return openKeys(server.dataDir, systemClock).create({ scope, site: null, lifetimeMs: null }).key;
}

async function arrivals(): Promise<unknown> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${makeKey("read")}` };
  return (await ask("/api/arrivals", { method: "POST", headers, body: '{"site":"example.com"}' })).body;
}

describe("a client over its rate", () => {
  it("is refused with 429 and told when to come again", async () => {
    expect(await statusesOf(2, send)).toEqual([202, 202]);
    expect(await send()).toEqual({
      status: 429,
      retryAfter: "2",
      body: {
        ok: false,
        error: "rate_limited",
        message: "more requests than one client may make (METRICS_RATE_LIMIT): try again in 2 s",
      },
    });
    monotonicMs += 2_000;
    expect(await statusesOf(2, send)).toEqual([202, 429]);
    expect(server.readLog()).toHaveLength(3);
  });

  it("is told apart by address behind a trusted proxy, and by user agent", async () => {
    expect(await statusesOf(3, send)).toEqual([202, 202, 429]);
    expect((await send({ "user-agent": "Browser/2" })).status).toBe(202);
    expect((await send({ "x-forwarded-for": "192.0.2.7" })).status).toBe(202);
    expect((await send({ "x-forwarded-for": "203.0.113.9, 127.0.0.1" })).status).toBe(202);
  });

  it("is refused by its address alone, whatever user agents it names", async () => {
    let next = 0;
    const named = (): Promise<Asked> => {
      next += 1;
      return send({ "user-agent": `Made up/${next}` });
    };
    const statuses = await statusesOf(25, named);
    expect(statuses.filter((status) => status === 202)).toHaveLength(20);
  });

  it("is counted in events, by what its body holds", async () => {
    await statusesOf(2, send);
    expect((await send({}, '[{"event":"a"},{"event":"b"},{"event":"c"}]')).status).toBe(429);
    expect((await send({}, "{")).status).toBe(429);
    expect((await send({ "content-encoding": "gzip" }, new Uint8Array(gzipSync('[{"event":"a"},{}]')))).status).toBe(
      429,
    );
    expect(await arrivals()).toMatchObject({ received: 7, stored: 2, refused: { rate_limited: 5 } });
  });

  it("is told of a foreign origin first, which uses up nothing", async () => {
    const foreign = (): Promise<Asked> => send({ origin: "https://evil.tld" }, '[{"event":"a"},{"event":"b"}]');
    expect(await statusesOf(3, foreign)).toEqual([403, 403, 403]);
    expect(await statusesOf(3, send)).toEqual([202, 202, 429]);
    expect(await arrivals()).toMatchObject({ refused: { origin_not_allowed: 6, rate_limited: 1 } });
  });
});

describe("a server that sends with a key", () => {
  it("is not limited, and with a key that may only read it is", async () => {
    const ingest = { authorization: `Bearer ${makeKey("ingest")}` };
    expect(await statusesOf(5, () => send(ingest))).toEqual([202, 202, 202, 202, 202]);
    const read = { authorization: `Bearer ${makeKey("read")}` };
    expect(await statusesOf(3, () => send(read))).toEqual([202, 202, 429]);
  });
});

describe("reading", () => {
  it("the run-time config and the snapshot is limited by address, apart from sending", async () => {
    const read = (path: string, client = "127.0.0.1"): Promise<Asked> =>
      ask(path, { headers: { "x-forwarded-for": client } });
    expect(await statusesOf(10, () => read("/api/metrics/config"))).toEqual(new Array(10).fill(200));
    expect(await statusesOf(11, () => read("/api/metrics/behavior"))).toEqual([...new Array(10).fill(200), 429]);
    expect(await read("/api/metrics/config")).toMatchObject({ status: 429, retryAfter: "1" });
    expect((await read("/api/metrics/config", "192.0.2.7")).status).toBe(200);
    expect((await read("/api/metrics/health")).status).toBe(200);
    expect((await send()).status).toBe(202);
  });
});

describe("signing in", () => {
  const signIn = (token: string): Promise<Asked> => {
    const headers = { "content-type": "application/json", origin: server.url };
    return ask("/api/sign-in", { method: "POST", headers, body: JSON.stringify({ token }) });
  };

  it("may fail five times at once, then once every 12 s", async () => {
    expect(await statusesOf(6, () => signIn("wrong"))).toEqual([401, 401, 401, 401, 401, 429]);
    expect(await signIn(server.signInToken())).toMatchObject({ status: 429, retryAfter: "12" });
    monotonicMs += 12_000;
    expect(await statusesOf(2, () => signIn("wrong"))).toEqual([401, 429]);
  });

  it("uses up nothing when it succeeds", async () => {
    expect(await statusesOf(7, () => signIn(server.signInToken()))).toEqual(new Array(7).fill(200));
  });
});

/** deploy/caddy as it stands, with real Caddy, TLS and collector: what its answers bear, who may read them, and what is written. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { caddy, openssl } from "../means.ts";
import { findInFolder } from "../support/search-folder.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { makeBrokenHello } from "./broken-hello.ts";
import { type Caddy, startCaddyEdge } from "./caddy-process.ts";
import { type CollectorGate, openGate } from "./collector-gate.ts";
import { DOMAIN } from "./edge-files.ts";
import type { Answer, Asking } from "./edge-process.ts";
import { EVENT, FOREIGN, JSON_TYPE, ORIGIN, posting, SECURITY_HEADERS, visitorOf } from "./edge-stack.ts";

const NEED = openssl === undefined ? "openssl" : "caddy";
const EVENT_BODY = '{"event":"large"}';
const MOST = EVENT_BODY + " ".repeat(65_536 - EVENT_BODY.length);
const CHUNKED = { "transfer-encoding": "chunked" };

let collector: TestServer;
let gate: CollectorGate;
let edge: Caddy;
/** Takes as long as its timeout, so it is begun before everything else. */
let noAnswer: Promise<Answer>;

/** Returns what sends an event that is refused, from a page of an origin. */
function refuse(more: Asking, query = ""): (origin: string) => Promise<Answer> {
  return (origin) => edge.ask(EVENT + query, posting({ ...more, headers: { ...more.headers, origin } }));
}

describe.skipIf(caddy === undefined || openssl === undefined)(`Caddy in front of the collector [needs ${NEED}]`, () => {
  beforeAll(async () => {
    const settings = { ALLOWED_ORIGINS: `${ORIGIN},https://www.example.com`, TRUSTED_PROXIES: "127.0.0.1" };
    // The limit is the collector's own here, as Caddy has none.
    collector = await startTestServer({ settings: { ...settings, METRICS_RATE_LIMIT: "5" } });
    gate = await openGate(collector.url);
    edge = await startCaddyEdge(gate.address);
    noAnswer = edge.ask(`${EVENT}?gate=hang`, posting({ from: "127.0.0.9" }));
    noAnswer.catch(() => undefined);
  });
  afterAll(async () => {
    await edge?.close();
    gate?.close();
    await collector?.close();
  });

  it.each<[number, string, string, () => Promise<Answer>]>([
    [200, "the config", "*", () => edge.ask("/api/metrics/config", { headers: { origin: ORIGIN } })],
    [200, "the dashboard", "'self'", () => edge.ask("/")],
    [200, "a script", "'self'", () => edge.ask("/passerby.js")],
    [202, "an event", "*", () => edge.ask(EVENT, posting())],
    [204, "a preflight", "*", () => edge.ask(EVENT, { method: "OPTIONS", headers: { origin: ORIGIN } })],
    [404, "nothing", "*", () => edge.ask("/api/metrics/nothing")],
    [413, "a large body", "*", () => edge.ask(EVENT, posting({ body: `${MOST} ` }))],
    [502, "a collector that is gone", "*", () => edge.ask(`${EVENT}?gate=reset`, posting())],
  ])("answers %i for %s with every security header once", async (status, _what, scripts, ask) => {
    const answer = await ask();
    expect(answer.status).toBe(status);
    expect(SECURITY_HEADERS.filter((name) => answer.count(name) !== 1)).toEqual([]);
    const policy = String(answer.headers["content-security-policy"]);
    expect(policy.includes("script-src 'self'")).toBe(scripts === "'self'");
    expect(answer.headers).not.toHaveProperty("server");
  });

  it.each<[number, string, string, (origin: string) => Promise<Answer>]>([
    [413, "a body of 64 KiB and a byte", "payload_too_large", refuse({ body: `${MOST} ` })],
    [413, "one without a length", "payload_too_large", refuse({ body: `${MOST} `, headers: CHUNKED })],
    [502, "a collector that is gone", "collector_unavailable", refuse({}, "?gate=reset")],
  ])("lets a page of an allowed origin, and no other, read %i for %s", async (status, _what, error, ask) => {
    for (const origin of [ORIGIN, "https://www.example.com"]) {
      const answer = await ask(origin);
      expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([status, origin]);
      const names = ["access-control-allow-origin", "access-control-expose-headers", "vary", "content-type"];
      expect(names.filter((name) => answer.count(name) !== 1)).toEqual([]);
      expect(answer.headers["access-control-expose-headers"]).toBe("Retry-After, ETag, Passerby-Config");
      expect(JSON.parse(answer.body)).toMatchObject({ ok: false, error, message: expect.any(String) });
      expect(answer.headers["retry-after"]).toBe(status === 502 ? "5" : undefined);
    }
    const { headers } = await ask(FOREIGN);
    expect(headers).not.toHaveProperty("access-control-allow-origin");
  });

  it("takes 64 KiB, with and without a length", async () => {
    for (const headers of [{}, CHUNKED]) {
      const { status } = await edge.ask(EVENT, posting({ from: "127.0.2.1", body: MOST, headers }));
      expect(status).toBe(202);
    }
  });

  it("passes a preflight on, and its refusal", async () => {
    const ask = (origin: string) =>
      edge.ask(EVENT, { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } });
    const allowed = await ask(ORIGIN);
    expect([allowed.status, allowed.headers["access-control-allow-origin"]]).toEqual([204, ORIGIN]);
    expect(allowed.count("access-control-allow-origin")).toBe(1);
    expect((await ask(FOREIGN)).status).toBe(403);
  });

  it("tells the collector who connects, whatever a client claims", async () => {
    const claims = ["x-forwarded-for", "x-real-ip", "cf-connecting-ip", "true-client-ip", "x-client-ip"];
    const forged = Object.fromEntries(claims.map((name) => [name, "203.0.113.9"]));
    const stack = { edge, collector };
    const one = await visitorOf(stack, "127.0.2.3");
    expect(await visitorOf(stack, "127.0.2.3", { ...forged, forwarded: "for=203.0.113.9" })).toBe(one);
    expect(await visitorOf(stack, "127.0.2.4")).not.toBe(one);
    expect(collector.warnings.join()).not.toContain("TRUSTED_PROXIES");
  });

  it("leaves the rate to the collector, which tells clients apart", async () => {
    const send = (from: string) => edge.ask(EVENT, posting({ from }));
    const answers = await Promise.all(Array.from({ length: 20 }, () => send("127.0.2.5")));
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers).toMatchObject({
      "access-control-allow-origin": ORIGIN,
      "retry-after": expect.stringMatching(/^\d+$/),
    });
    expect((await send("127.0.2.6")).status).toBe(202);
  });

  it("sends the stream as it comes", async () => {
    const { key } = openKeys(collector.dataDir, systemClock).create({ scope: "read", site: null, lifetimeMs: null });
    const stream = await edge.open("/api/metrics/stream", { headers: { authorization: `Bearer ${key}` } });
    expect(stream.statusCode).toBe(200);
    let text = "";
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await edge.ask(EVENT, posting({ from: "127.0.3.2", body: '{"event":"live_event"}' }));
    await expect.poll(() => text).toContain("live_event");
    stream.destroy();
  });

  it("lets the owner in to the dashboard", async () => {
    const headers = { ...JSON_TYPE, host: DOMAIN, origin: `https://${DOMAIN}` };
    const body = JSON.stringify({ token: collector.signInToken() });
    const { status, headers: answered } = await edge.ask("/api/sign-in", { body, headers });
    expect([status, answered["set-cookie"]?.[0]]).toEqual([200, expect.stringMatching(/^__Host-.*; Secure/)]);
  });

  it("sends from HTTP to HTTPS", async () => {
    const { status, headers } = await edge.askPlain("/a");
    expect([status, headers.location]).toEqual([308, expect.stringMatching(/^https:\/\/metrics\.test(:\d+)?\/a$/)]);
  });

  it("writes no client's address, agent, query or invented path anywhere", async () => {
    const from = "127.77.66.55";
    const marks = { "user-agent": "Canary/7766", referer: "https://example.com/Canary7766", "x-forwarded-for": from };
    const ask = (path: string, more: Asking = {}) =>
      edge.ask(path, { ...more, from, headers: { ...marks, ...more.headers } });
    await Promise.all([
      ask(`${EVENT}?Canary7766=1`, posting()),
      ask("/Canary7766"),
      ask(EVENT, posting({ body: `${MOST} ` })),
      ask(EVENT, posting({ body: `${MOST} `, headers: CHUNKED })),
      ask(`${EVENT}?gate=reset&Canary7766`, posting()),
      edge.askPlain("/Canary7766", { from, headers: marks }),
      ...Array.from({ length: 15 }, () => ask(EVENT, posting())),
      edge.sendRaw(`GET / HTTP/1.1\r\nHost: ${DOMAIN}\r\nConnection: close\r\n\r\n`, { from, isPlain: true }),
      edge.sendRaw(`GET /Canary7766${"x".repeat(40_000)} HTTP/1.1\r\n\r\n`, { from }),
      makeBrokenHello(DOMAIN).then((hello) => edge.sendRaw(hello, { from, isPlain: true })),
    ]);
    const statuses = (): readonly unknown[] =>
      edge.readLog().flatMap((line) => (JSON.stringify(line).includes('"127.77.66.0"') ? [line["status"]] : []));
    await expect.poll(statuses).toEqual(expect.arrayContaining([202, 404, 413, 429, 502]));
    const found = [from, "Canary/7766", "Canary7766"].flatMap((canary) => [
      ...findInFolder(edge.folder, canary),
      ...(edge.printed().includes(canary) ? ["what Caddy printed"] : []),
    ]);
    expect(found).toEqual([]);
    expect(JSON.stringify(edge.readLog())).toContain(`"uri":"${EVENT}"`);
  });

  it("answers 504 for a collector that hangs, and says who may read it", async () => {
    const answer = await noAnswer;
    expect([answer.status, answer.headers["retry-after"]]).toEqual([504, "5"]);
    expect(answer.headers["access-control-allow-origin"]).toBe(ORIGIN);
    expect(JSON.parse(answer.body)).toMatchObject({ ok: false, error: "collector_unavailable" });
  });
});

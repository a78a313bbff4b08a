/** The edge as it stands in deploy/edge, with real nginx, TLS and collector: what its answers bear, and who may read them. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ERRORS } from "../../src/errors.ts";
import { readTrackerScripts } from "../../src/server/routes/tracker-scripts.ts";
import { isLong } from "../means.ts";
import { describeClients } from "./edge-clients.ts";
import { DOMAIN, hasEdgeParts, NEED, turnOff, turnOn } from "./edge-files.ts";
import { describeLever } from "./edge-lever.ts";
import { type Answer, type Asking, type Edge, readToEnd } from "./edge-process.ts";
import {
  type EdgeStack,
  EVENT,
  FOREIGN,
  flood,
  ORIGIN,
  posting,
  refusedOf,
  SECURITY_HEADERS,
  SHOP,
  startStack,
  visitorOf,
} from "./edge-stack.ts";

let stack: EdgeStack;
let edge: Edge;
/** What takes as long as its timeout, begun before everything else. Nothing may start nginx anew until it is over. */
let slowBody: Promise<{ readonly ms: number; readonly answer: string }>;
let noAnswer: Promise<Answer>;

async function sendSlowly(): Promise<{ readonly ms: number; readonly answer: string }> {
  const socket = await edge.connect();
  const startedMs = performance.now();
  socket.write(`POST ${EVENT} HTTP/1.1\r\nHost: ${DOMAIN}\r\nContent-Length: 100\r\n\r\n{"event":`);
  const answer = await readToEnd(socket);
  return { ms: performance.now() - startedMs, answer };
}

describe.skipIf(!hasEdgeParts)(`the edge [needs ${NEED}]`, () => {
  beforeAll(async () => {
    stack = await startStack();
    ({ edge } = stack);
    slowBody = sendSlowly();
    noAnswer = edge.ask(`${EVENT}?gate=hang`, posting({ from: "127.0.0.9" }));
    // Where it is not waited for, as when one test alone is run, it ends with the edge.
    noAnswer.catch(() => undefined);
  });
  afterAll(() => stack?.close());

  describe("an answer", () => {
    const script = readTrackerScripts(fileURLToPath(new URL("../../dist", import.meta.url)))[0];

    it.each<[number, string, string, () => Promise<Answer>]>([
      [200, "of the config", "*", () => edge.ask("/api/metrics/config", { headers: { origin: ORIGIN } })],
      [200, "of the dashboard", "'self'", () => edge.ask("/")],
      [200, "of a script", "'self'", () => edge.ask("/passerby.js")],
      [202, "to an event", "*", () => edge.ask(EVENT, posting())],
      [204, "to a preflight", "*", () => edge.ask(EVENT, { method: "OPTIONS", headers: { origin: ORIGIN } })],
      [304, "of the config", "*", () => askAgain("/api/metrics/config")],
      [304, "of the dashboard", "'self'", () => askAgain("/")],
      [304, "of a script", "'self'", () => askAgain(`/${script?.pinnedFile}`)],
      [308, "over plain HTTP", "*", () => edge.askPlain("/")],
      [400, "to what is no event", "*", () => edge.ask(EVENT, posting({ body: "{" }))],
      [404, "below the API", "*", () => edge.ask("/api/metrics/nothing")],
      [404, "beside it", "'self'", () => edge.ask("/nothing")],
      [405, "of nginx", "*", () => edge.ask(EVENT, { method: "PUT" })],
      [413, "of nginx", "*", () => edge.ask(EVENT, posting({ body: "x".repeat(65_537) }))],
      [421, "of nginx", "*", () => edge.ask("/", { headers: { host: "evil.example" } })],
      [429, "of nginx", "*", async () => refusedOf(await flood(edge, { from: "127.0.0.3" }, 40))],
      [502, "of nginx", "*", () => edge.ask(`${EVENT}?gate=reset`, posting())],
    ])("%i %s bears every security header once", async (status, _what, scripts, ask) => {
      const answer = await ask();
      expect(answer.status).toBe(status);
      // HSTS means nothing over plain HTTP.
      const due = SECURITY_HEADERS.filter((name) => status !== 308 || name !== "strict-transport-security");
      expect(due.filter((name) => answer.count(name) !== 1)).toEqual([]);
      expect(answer.headers["x-xss-protection"]).toBe("0");
      // The dashboard's policy is its own; nothing else runs scripts.
      const policy = String(answer.headers["content-security-policy"]);
      expect(policy.includes("script-src 'self'")).toBe(scripts === "'self'");
      expect(policy).toMatch(/^default-src 'none'; .*frame-ancestors 'none'$/);
      expect(String(answer.headers.server)).toBe("nginx");
    });

    async function askAgain(path: string): Promise<Answer> {
      const { etag = "" } = (await edge.ask(path)).headers;
      return edge.ask(path, { headers: { "if-none-match": etag } });
    }
  });

  describe("an origin", () => {
    it.each<[number, string, keyof typeof ERRORS | undefined, (asking: Asking) => Promise<Answer>]>([
      [202, "an event", undefined, (asking) => edge.ask(EVENT, asking)],
      [400, "a wrong event", "invalid_json", (asking) => edge.ask(EVENT, { ...asking, body: "{" })],
      [405, "a wrong method", "method_not_allowed", (asking) => edge.ask(EVENT, { ...asking, method: "PUT" })],
      [413, "a large body", "payload_too_large", (asking) => edge.ask(EVENT, { ...asking, body: "x".repeat(65_537) })],
      [429, "too many", "rate_limited", async (asking) => refusedOf(await flood(edge, asking, 40))],
      [502, "a collector that is gone", "collector_unavailable", (asking) => edge.ask(`${EVENT}?gate=reset`, asking)],
    ])("that is allowed can read %i for %s, and gets the header once", async (status, _what, error, ask) => {
      const from = `127.0.1.${status % 250}`;
      for (const origin of [ORIGIN, SHOP]) {
        const answer = await ask(posting({ from, headers: { origin } }));
        expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([status, origin]);
        const names = ["access-control-allow-origin", "access-control-expose-headers", "vary"];
        expect(names.filter((name) => answer.count(name) !== 1)).toEqual([]);
        expect(answer.headers["access-control-expose-headers"]).toBe("Retry-After, ETag, Passerby-Config");
        expect(answer.headers.vary).toBe("Origin");
        expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
        if (error === undefined) continue;
        expect(JSON.parse(answer.body)).toMatchObject({ ok: false, error, message: expect.any(String) });
        expect(answer.count("retry-after")).toBe(ERRORS[error].retryable ? 1 : 0);
      }
      if (error === undefined || error === "invalid_json") return;
      for (const origin of [FOREIGN, "https://a.b.shop.example", "https://example.com.evil.example"]) {
        const { headers } = await ask(posting({ from, headers: { origin } }));
        expect(headers).not.toHaveProperty("access-control-allow-origin");
      }
    });

    it("that is allowed gets a preflight, and another none", async () => {
      const preflight = { "access-control-request-method": "POST", "access-control-request-headers": "content-type" };
      const ask = (origin: string): Promise<Answer> =>
        edge.ask(EVENT, { method: "OPTIONS", from: "127.0.1.1", headers: { ...preflight, origin } });
      const allowed = await ask(ORIGIN);
      expect([allowed.status, allowed.body]).toEqual([204, ""]);
      expect(allowed.headers).toMatchObject({
        "access-control-allow-origin": ORIGIN,
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-allow-headers": "Content-Type, Authorization, If-None-Match, Last-Event-ID",
        "access-control-max-age": "86400",
      });
      expect(allowed.count("access-control-allow-origin")).toBe(1);
      const refused = await ask(FOREIGN);
      expect([refused.status, refused.headers["access-control-allow-origin"]]).toEqual([403, undefined]);
    });
  });

  describeClients(() => stack);

  it("cuts off a body that does not come", async () => {
    const { ms, answer } = await slowBody;
    expect(answer).toBe("");
    expect(ms).toBeGreaterThan(4_000);
    expect(ms).toBeLessThan(10_000);
  });

  it("answers 504 for a collector that hangs, and says once who may read it", async () => {
    const answer = await noAnswer;
    expect([answer.status, answer.headers["retry-after"]]).toEqual([504, "5"]);
    expect(JSON.parse(answer.body)).toMatchObject({ ok: false, error: "collector_unavailable" });
    expect([...SECURITY_HEADERS, "access-control-allow-origin"].filter((name) => answer.count(name) !== 1)).toEqual([]);
  });

  describeLever(() => stack);

  describe("turned on", () => {
    it("a proxy in front is believed about its visitors, and nobody else", async () => {
      const [proxy, other] = ["127.0.4.1", "127.0.4.2"];
      const seen = (from: string, forwarded: string) => visitorOf(stack, from, { "x-forwarded-for": forwarded });
      const before = await seen(proxy, "203.0.113.9");
      turnOn(edge, "cdn-proxy.conf", (text) => text.replace("192.0.2.0/24", proxy));
      await edge.reload();
      const visitor = await seen(proxy, "203.0.113.9");
      expect(visitor).not.toBe(before);
      expect(await seen(proxy, "198.51.100.7, 203.0.113.9")).toBe(visitor);
      expect(await seen(proxy, "203.0.113.10")).not.toBe(visitor);
      const direct = await seen(other, "203.0.113.9");
      expect(direct).not.toBe(visitor);
      expect(await seen(other, "203.0.113.10")).toBe(direct);
      turnOff(edge, "cdn-proxy.conf");
    });
  });

  it.skipIf(!isLong)("cuts off headers that do not come [needs long]", async () => {
    const socket = await edge.connect();
    socket.write("GET / HTTP/1.1\r\n");
    const startedMs = performance.now();
    await readToEnd(socket);
    expect(performance.now() - startedMs).toBeLessThan(15_000);
  });
});

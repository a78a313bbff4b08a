/** What a client without a key cannot do, black-box over HTTP: choose its address, or fill in what the collector fills in. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { serverFieldsSchema } from "../../src/event.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
const SPOOFED = "198.51.100.77";

type Answer = { readonly status: number; readonly body: Record<string, unknown> };

const servers: TestServer[] = [];
let direct: TestServer;
let proxied: TestServer;

beforeAll(async () => {
  direct = await startTestServer({ settings: { METRICS_RATE_LIMIT: "0" } });
  proxied = await startTestServer({ settings: { METRICS_RATE_LIMIT: "0", TRUSTED_PROXIES: "127.0.0.1" } });
  servers.push(direct, proxied);
});
afterAll(async () => {
  for (const server of servers) await server.close();
});

async function post(server: TestServer, event: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${server.url}/api/metrics/event`, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": CHROME, ...headers },
    body: JSON.stringify(event),
  });
  const body: Record<string, unknown> = JSON.parse(await response.text());
  return { status: response.status, body };
}

/** Sends an event and returns its line. */
async function store(
  server: TestServer,
  event: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  expect(await post(server, { event: "page_view", ...event }, headers)).toMatchObject({ status: 202 });
  return server.readLog().at(-1) ?? {};
}

const HEADERS: readonly (readonly [string, string])[] = [
  ["x-forwarded-for", SPOOFED],
  ["x-forwarded-for", `${SPOOFED}, 127.0.0.1`],
  ["forwarded", `for=${SPOOFED}`],
  ["x-real-ip", SPOOFED],
  ["cf-connecting-ip", SPOOFED],
  ["true-client-ip", SPOOFED],
  ["x-client-ip", SPOOFED],
  ["x-cluster-client-ip", SPOOFED],
  ["fastly-client-ip", SPOOFED],
  ["x-original-forwarded-for", SPOOFED],
  ["via", `1.1 ${SPOOFED}`],
];

describe("the address of a client without a trusted proxy", () => {
  it.each(HEADERS)("is not changed by %s: %s", async (name, value) => {
    const plain = await store(direct, {});
    const spoofed = await store(direct, {}, { [name]: value });
    expect(spoofed["visitor_id"]).toBe(plain["visitor_id"]);
  });
});

describe("the address of a client behind a trusted proxy", () => {
  it("is the last hop before the proxy, whatever the client wrote before it", async () => {
    const plain = await store(proxied, {}, { "x-forwarded-for": "203.0.113.9" });
    const spoofed = await store(proxied, {}, { "x-forwarded-for": `${SPOOFED}, 203.0.113.9` });
    const other = await store(proxied, {}, { "x-forwarded-for": SPOOFED });
    expect(spoofed["visitor_id"]).toBe(plain["visitor_id"]);
    expect(other["visitor_id"]).not.toBe(plain["visitor_id"]);
  });

  it.each(HEADERS.filter(([name]) => name !== "x-forwarded-for"))("is not changed by %s: %s", async (name, value) => {
    const real = { "x-forwarded-for": "203.0.113.9" };
    const plain = await store(proxied, {}, real);
    expect((await store(proxied, {}, { ...real, [name]: value }))["visitor_id"]).toBe(plain["visitor_id"]);
  });
});

describe("a field that the collector fills in", () => {
  it.each(Object.keys(serverFieldsSchema.properties))("is refused by name without a key: %s", async (name) => {
    const before = direct.readLog().length;
    expect(await post(direct, { event: "a", [name]: "w1" })).toMatchObject({
      status: 400,
      body: {
        error: "invalid_event",
        details: [{ path: `/${name}`, message: "is filled in by the collector: leave it out" }],
      },
    });
    expect(direct.readLog()).toHaveLength(before);
  });

  it.each(["ip", "address", "client_ip", "ip_address"])(
    "is not smuggled in under a name of its own: %s",
    async (name) => {
      expect(await post(direct, { event: "a", [name]: SPOOFED })).toMatchObject({ status: 400 });
    },
  );

  it("is the user agent of the request, not that of the body", async () => {
    const robot = "Googlebot/2.1 (+http://www.google.com/bot.html)";
    expect(await store(direct, { user_agent: robot })).toMatchObject({ is_bot: false, browser: "Chrome" });
    const line = await store(direct, { user_agent: CHROME }, { "user-agent": robot });
    expect(line).toMatchObject({ is_bot: true, device: "bot" });
  });

  it("marks headless Chrome behind a browser's user agent by its client hints", async () => {
    const hints = '"HeadlessChrome";v="142", "Chromium";v="142"';
    expect(await store(direct, {}, { "sec-ch-ua": hints })).toMatchObject({ is_bot: true, device: "bot" });
  });
});

describe("an event with a key", () => {
  const withKey = (): Record<string, string> => {
    const { key } = openKeys(direct.dataDir, systemClock).create({ scope: "ingest", site: null, lifetimeMs: null });
    return { authorization: `Bearer ${key}`, "user-agent": "python-requests/2.32", "sec-ch-ua": '"HeadlessChrome"' };
  };

  it("that names no user agent is nobody's in particular, not the sending library's", async () => {
    const line = await store(direct, { visitor_id: "visitor-0001" }, withKey());
    expect(line).toMatchObject({ is_bot: false, device: "unknown" });
    expect(line["browser"]).toBeUndefined();
  });

  it("is judged by the user agent that it names", async () => {
    const headers = withKey();
    const person = await store(direct, { visitor_id: "visitor-0001", user_agent: CHROME }, headers);
    expect(person).toMatchObject({ is_bot: false, device: "desktop", browser: "Chrome" });
    expect(await store(direct, { user_agent: "curl/8.4.0" }, headers)).toMatchObject({ is_bot: true, device: "bot" });
  });
});

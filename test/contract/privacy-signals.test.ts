/** What a browser's wish for privacy does, per site, black-box over HTTP: nothing stored, no id, or no difference. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    settings: {
      METRICS_SITES: "dropping.example,nameless.example,ignoring.example",
      METRICS_PRIVACY_SIGNALS: "drop,nameless.example=no_id,ignoring.example=ignore",
      METRICS_KEEP_USER_AGENT: "true",
    },
  });
});
afterAll(() => server.close());

async function post(event: Record<string, unknown>, headers: Record<string, string>): Promise<unknown> {
  const response = await fetch(`${server.url}/api/metrics/event`, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": CHROME, ...headers },
    body: JSON.stringify({ event: "page_view", ...event }),
  });
  return response.json();
}

/** Sends an event and returns its line. */
async function store(
  event: Record<string, unknown>,
  headers: Record<string, string>,
): Promise<Record<string, unknown>> {
  expect(await post(event, headers)).toMatchObject({ ok: true, stored: 1 });
  return server.readLog().at(-1) ?? {};
}

describe.each([["sec-gpc"], ["dnt"]])("%s: 1", (header) => {
  const asking = { [header]: "1" };

  it("stores nothing on a site that drops, and counts it", async () => {
    const before = server.readLog().length;
    const answer = await post({ site: "dropping.example", visitor_id: "visitor-0001" }, asking);
    expect(answer).toEqual({ ok: true, stored: 0, file: null, dropped: { opted_out: 1 } });
    expect(server.readLog()).toHaveLength(before);
  });

  it("stores an event without anything that ties it to another on a site with no_id", async () => {
    const ids = { site: "nameless.example", visitor_id: "visitor-0001", session_id: "session-0001" };
    const lines = [
      await store({ site: "nameless.example" }, asking),
      await store({ site: "nameless.example" }, asking),
      await store(ids, asking),
      await store(ids, asking),
    ];
    const visitors = lines.map((line) => String(line["visitor_id"]));
    expect(new Set(visitors).size).toBe(4);
    for (const visitor of visitors) expect(visitor).toMatch(/^[\w-]{22}$/);
    for (const line of lines) {
      expect(line).toMatchObject({ site: "nameless.example", browser: "Chrome", device: "desktop" });
      expect(JSON.stringify(line)).not.toMatch(/visitor-0001|session-0001|Mozilla/);
    }
  });

  it("makes no difference on a site that ignores it", async () => {
    const ids = { site: "ignoring.example", visitor_id: "visitor-0001", session_id: "session-0001" };
    expect(await store(ids, asking)).toMatchObject({ ...ids, user_agent: CHROME });
  });
});

describe("what is no signal", () => {
  it.each([["0"], ["true"], ["?1"], ["10"], ["1, 1"], [""]])("is a header with the value %j", async (value) => {
    const headers = { "sec-gpc": value, dnt: value };
    const line = await store({ site: "dropping.example", visitor_id: "visitor-0001" }, headers);
    expect(line).toMatchObject({ visitor_id: "visitor-0001" });
  });
});

describe("ids that a client sends", () => {
  it.each([
    ["session mode", { visitor_id: "9f8b6c1e-5a1d-4a53-8c0e-7f3b0c9d2e11", session_id: "0d4e8f1a2b3c5d6e" }],
    ["persistent mode", { visitor_id: "p_ZGFzIGlzdCBlaW4gdGVzdA" }],
  ])("are stored as sent (%s)", async (_, ids) => {
    expect(await store({ site: "dropping.example", ...ids }, {})).toMatchObject(ids);
  });

  it("are taken for the visitor's whatever address and browser they come from", async () => {
    const sent = { site: "dropping.example", visitor_id: "visitor-0002" };
    await store(sent, {});
    expect(await store(sent, { "user-agent": `${CHROME} Edg/142.0.0.0` })).toMatchObject({
      visitor_id: "visitor-0002",
    });
  });
});

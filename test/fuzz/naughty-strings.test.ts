/** Strings that break things come out of log and store as they went in, and are nothing but text on the way. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { isLong } from "../means.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { cutAddress, makeNaughtyEvent, NAUGHTY, REDACTED } from "./naughty-strings.ts";

/** A browser's: what robots send is left out of answers. */
const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
/** Events of a request: few enough for its cap. */
const BATCH = 25;
const EVENTS = NAUGHTY.map(makeNaughtyEvent);
/** In a normal run each seventh string is asked for by a filter of its own. */
const FILTER_STEP = isLong ? 1 : 7;

let server: TestServer;
let key: string;

async function post(path: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(server.url + path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "user-agent": CHROME,
      ...(path === "/api/query" && { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify(body),
  });
  return response.json().then(Object);
}

type Result = { readonly dimensions: readonly string[]; readonly metrics: readonly number[] };

async function ask(dimensions: readonly string[], filters: readonly unknown[] = []): Promise<readonly Result[]> {
  const question = { site: "example.com", metrics: ["events"], date_range: "day", dimensions, filters };
  const answer = await post("/api/query", question);
  if (!Array.isArray(answer["results"])) throw new Error(JSON.stringify(answer));
  return answer["results"];
}

beforeAll(async () => {
  server = await startTestServer({ settings: { METRICS_RATE_LIMIT: "0", METRICS_SITES: "example.com" } });
  key = openKeys(server.dataDir, systemClock).create({ scope: "read", site: null, lifetimeMs: null }).key;
  for (let at = 0; at < EVENTS.length; at += BATCH) {
    const events = EVENTS.slice(at, at + BATCH);
    expect(await post("/api/metrics/event", events)).toEqual({
      ok: true,
      stored: events.length,
      file: "metrics.jsonl",
    });
  }
  const loaded = async (): Promise<number> => (await ask([]))[0]?.metrics[0] ?? 0;
  await vi.waitUntil(async () => (await loaded()) === EVENTS.length, { timeout: 20_000, interval: 50 });
});
afterAll(() => server.close());

describe("a string that breaks things", () => {
  it("is in the log byte for byte, in name, title, address, referrer, keys and values", () => {
    const lines = server.readLog();
    expect(lines).toHaveLength(EVENTS.length);
    for (const [index, event] of EVENTS.entries()) {
      const stored = { ...event, url: cutAddress(event.url), referrer: cutAddress(event.referrer) };
      expect(lines[index]).toMatchObject(stored);
      expect(Object.keys(Object(lines[index]?.["metadata"])).sort()).toEqual(Object.keys(event.metadata).sort());
    }
  });

  it("is in the store as it is in the log: names and paths", async () => {
    const count = (values: readonly string[]): Record<string, number> => {
      const counts: Record<string, number> = Object.create(null);
      for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
      return counts;
    };
    const asked = async (dimension: string): Promise<Record<string, number>> => {
      const counts: Record<string, number> = Object.create(null);
      for (const { dimensions, metrics } of await ask([dimension])) counts[dimensions[0] ?? ""] = metrics[0] ?? 0;
      return counts;
    };
    expect(await asked("event:name")).toEqual(count(EVENTS.map(({ event }) => event)));
    const paths = EVENTS.map(({ url }) => cutAddress(url).slice("https://example.com".length));
    expect(await asked("event:page")).toEqual(count(paths));
  });

  it("finds what is called so and nothing else, when a filter is made of it", async () => {
    for (const [index, { event, url }] of EVENTS.entries()) {
      if (index % FILTER_STEP !== 0) continue;
      const path = cutAddress(url).slice("https://example.com".length);
      const same = EVENTS.filter((other) => other.event === event && cutAddress(other.url) === cutAddress(url));
      const both = [
        ["is", "event:name", [event]],
        ["contains", "event:page", [path]],
        ["is", "event:page", [path]],
      ];
      // Shown as the name of what is missing, it means just that.
      const isBlank = event === "(not set)";
      expect([event, await ask([], both)]).toMatchObject([event, [{ metrics: [isBlank ? 0 : same.length] }]]);
    }
  }, 120_000);

  it("leaves nothing on prototypes, and no word in the operator's log", () => {
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(server.warnings).toEqual([]);
  });
});

describe.skipIf(REDACTED.length === 0)("what looks like a secret [needs shared data]", () => {
  it("is taken out, and said to be", async () => {
    for (const text of REDACTED) {
      const answer = await post("/api/metrics/event", { event: "redacted", title: text.slice(0, 256) });
      expect(answer).toMatchObject({ stored: 1 });
      expect(server.readLog().at(-1)?.["title"]).not.toBe(text);
    }
  });
});

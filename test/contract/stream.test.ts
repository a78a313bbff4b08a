/** The wire contract of the live stream: who may read it, what it sends, and that it resumes without gap or repeat. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { type KeyScope, openKeys } from "../../src/server/access/keys.ts";
import * as means from "../means.ts";
import { openStreamClient, type StreamClient, type StreamClientOptions } from "../support/stream-client.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const SETTINGS = {
  METRICS_SITES: "example.com,other.org",
  ALLOWED_ORIGINS: "https://example.com",
  METRICS_RATE_LIMIT: "0",
};

let server: TestServer;
let readKey: string;

beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS });
  readKey = makeKey(server, "read");
});
afterAll(() => server.close());

function makeKey(
  on: TestServer,
  scope: KeyScope,
  site: string | null = null,
  lifetimeMs: number | null = null,
): string {
  return openKeys(on.dataDir, systemClock).create({ scope, site, lifetimeMs }).key;
}

async function post(on: TestServer, events: readonly object[]): Promise<void> {
  const response = await fetch(`${on.url}/api/metrics/event`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(events),
  });
  expect(await response.json()).toMatchObject({ stored: events.length });
}

function open(on: TestServer, options: StreamClientOptions = {}, query = ""): Promise<StreamClient> {
  return openStreamClient(`${on.url}/api/metrics/stream${query}`, { key: makeKey(on, "read"), ...options });
}

function idsOf(on: TestServer): readonly unknown[] {
  return on.readLog().map((line) => line["event_id"]);
}

async function ask(path: string, headers: Record<string, string> = {}, method = "GET") {
  const response = await fetch(`${server.url}${path}`, { headers, method });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

describe("who may read the stream", () => {
  it.each([
    ["without a key", () => ({}), 401, "key_required"],
    ["with an unknown key", () => ({ authorization: "Bearer pb_read_unknown" }), 401, "key_required"],
    ["with a key that may only send", () => bearer("ingest"), 403, "scope_missing"],
    ["with an overlay's key that is for no site", () => bearer("overlay"), 403, "scope_missing"],
    ["with a key of another site", () => bearer("read", "other.org"), 403, "scope_missing"],
  ])("nobody %s", async (_how, headers, status, error) => {
    const answer = await ask("/api/metrics/stream?site=example.com", headers());
    expect(answer).toMatchObject({ status, body: { ok: false, error } });
  });

  it("nobody with a key in the address", async () => {
    const names = ["key", "token", "access_token", "api_key", "authorization"];
    const query = new URLSearchParams(names.map((name): [string, string] => [name, readKey]));
    expect(await ask(`/api/metrics/stream?${query}`)).toMatchObject({ status: 401 });
  });

  it("an overlay's key for its own site", async () => {
    const client = await open(server, { key: makeKey(server, "overlay", "other.org") });
    expect(client.status).toBe(200);
    client.leave();
  });

  it.each(["?site=none.example", "?site=", "?site=example.com&site=other.org", "?event=a&event=b"])(
    "is told when %s asks for nothing that there is",
    async (query) => {
      const answer = await ask(`/api/metrics/stream${query}`, bearer("read"));
      expect(answer).toMatchObject({ status: 400, body: { error: "invalid_request" } });
    },
  );

  it("only with GET: nothing is left open by HEAD", async () => {
    expect(await ask("/api/metrics/stream", bearer("read"), "HEAD")).toMatchObject({ status: 404 });
  });

  function bearer(scope: KeyScope, site: string | null = null): Record<string, string> {
    return { authorization: `Bearer ${makeKey(server, scope, site)}` };
  }
});

describe("the stream", () => {
  it("answers at once with what proxies, browsers and readers need to know", async () => {
    const client = await open(server, { headers: { origin: "https://example.com" } });
    await client.until((text) => text.startsWith("retry: 3000\n\n"));
    expect(client.status).toBe(200);
    expect(client.headers).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      "access-control-allow-origin": "https://example.com",
      vary: "Origin",
    });
    client.leave();
  });

  it("lets a page ask for it with its key and the last id", async () => {
    const response = await fetch(`${server.url}/api/metrics/stream`, {
      method: "OPTIONS",
      headers: { origin: "https://example.com", "access-control-request-method": "GET" },
    });
    expect(response.headers.get("access-control-allow-headers")).toMatch(/Authorization.*Last-Event-ID/);
  });

  it("sends each stored event whole, once, in the order of the log", async () => {
    const from = idsOf(server).length;
    const client = await open(server);
    await Promise.all(Array.from({ length: 20 }, (_, n) => post(server, [{ event: `a${n}` }, { event: `b${n}` }])));
    await client.until(() => client.ids().length >= 40);
    const { v: _v, seq: _seq, writer: _writer, start: _start, ...line } = server.readLog().at(-1) ?? {};
    expect(client.ids()).toEqual(idsOf(server).slice(from));
    expect(client.messages().at(-1)).toEqual({ id: line["event_id"], name: "stored", data: line });
    client.leave();
  });

  it("sends only what was asked for", async () => {
    const client = await open(server, {}, "?site=other.org&event=signup");
    await post(server, [
      { event: "signup" },
      { event: "click", site: "other.org" },
      { event: "signup", site: "other.org" },
    ]);
    await client.until(() => client.ids().length > 0);
    expect(client.messages().map(({ data }) => [data["event"], data["site"]])).toEqual([["signup", "other.org"]]);
    client.leave();
  });

  it("never shows a key of one site the events of another, live or from the ring", async () => {
    const key = makeKey(server, "read", "other.org");
    const [live, resumed] = [
      await open(server, { key }),
      await open(server, { key, headers: { "last-event-id": "unknown" } }),
    ];
    await post(server, [
      { event: "mine", site: "example.com" },
      { event: "last", site: "other.org" },
    ]);
    for (const client of [live, resumed]) {
      await client.until(() => client.messages().some(({ data }) => data["event"] === "last"));
      const stored = client.messages().filter(({ name }) => name === "stored");
      expect(new Set(stored.map(({ data }) => data["site"]))).toEqual(new Set(["other.org"]));
      client.leave();
    }
  });
});

describe("resuming", () => {
  it("goes on behind the last event, without gap or repeat, while events come in", async () => {
    const from = idsOf(server).length;
    const posted = Promise.all(Array.from({ length: 60 }, (_, n) => post(server, [{ event: `r${n}` }])));
    const received: string[] = [];
    const first = await open(server);
    await first.until(() => first.ids().length >= 3);
    received.push(...first.ids());
    first.leave();
    for (let round = 0; round < 5; round += 1) {
      const next = await open(server, { headers: { "last-event-id": received.at(-1) ?? "" } });
      if (round === 4) await posted;
      const due = idsOf(server).at(-1);
      await next.until(() => [...received, ...next.ids()].includes(String(due)));
      received.push(...next.ids());
      next.leave();
    }
    expect(received).toEqual(idsOf(server).slice(idsOf(server).indexOf(received[0])));
    expect(idsOf(server)).toHaveLength(from + 60);
  });

  it("works over a restart of the server", async () => {
    const first = await startTestServer({ settings: SETTINGS });
    await post(first, [{ event: "a" }, { event: "b" }, { event: "c" }]);
    const [a, b, c] = idsOf(first);
    await first.stop();
    const second = await startTestServer({ settings: SETTINGS, dataDir: first.dataDir });
    const client = await open(second, { headers: { "last-event-id": String(a) } });
    await client.until(() => client.ids().includes(String(c)));
    expect(client.messages().map(({ id }) => id)).toEqual([b, c]);
    client.leave();
    await second.close();
  });

  it("says so first, and sends all it has, when the last event is gone from the ring", async () => {
    const small = await startTestServer({ settings: { ...SETTINGS, METRICS_RING_CAPACITY: "2" } });
    await post(small, [{ event: "a" }, { event: "b" }, { event: "c" }]);
    const [a, b, c] = idsOf(small);
    const client = await open(small, { headers: { "last-event-id": String(a) } });
    await client.until(() => client.ids().includes(String(c)));
    expect(client.messages().map(({ name, id }) => [name, id])).toEqual([
      ["gap", undefined],
      ["stored", b],
      ["stored", c],
    ]);
    client.leave();
    await small.close();
  });
});

describe("a stream that lasts", () => {
  let quick: TestServer;
  beforeAll(async () => {
    quick = await startTestServer({ settings: SETTINGS, streamLimits: { heartbeatMs: 40 } });
  });
  afterAll(() => quick.close());

  it("beats while nothing happens", async () => {
    const client = await open(quick);
    await client.until((text) => text.split(": heartbeat\n\n").length > 3);
    expect(client.messages()).toEqual([]);
    client.leave();
  });

  it("ends when its key is revoked, and that of another key goes on", async () => {
    const keys = openKeys(quick.dataDir, systemClock);
    const { key, record } = keys.create({ scope: "read", site: null, lifetimeMs: null });
    const [revoked, other] = [await open(quick, { key }), await open(quick)];
    keys.revoke(record.id);
    expect(await revoked.ended).toBe(true);
    const beats = other.text().length;
    await other.until((text) => text.length > beats);
    other.leave();
  });

  it("ends when its key expires", async () => {
    const client = await open(quick, { key: makeKey(quick, "read", null, 300) });
    expect(client.status).toBe(200);
    expect(await client.ended).toBe(true);
  });
});

describe.skipIf(!means.curl)("the example of docs/reference/live.md [needs curl]", () => {
  it("prints the events that it asks for", async () => {
    const page = readFileSync(new URL("../../docs/reference/live.md", import.meta.url), "utf8");
    const command = /<!-- example -->\n```sh\n(.+)\n```/.exec(page)?.[1]?.replace("http://127.0.0.1:8001", server.url);
    const env = { PATH: process.env["PATH"], KEY: readKey };
    const shell = spawn("sh", ["-c", `exec ${command}`], { env, stdio: ["ignore", "pipe", "ignore"] });
    let output = "";
    for await (const chunk of shell.stdout.setEncoding("utf8")) {
      const isFirst = output === "";
      output += chunk;
      if (isFirst) await post(server, [{ event: "click" }, { event: "page_view" }]);
      if (output.includes("}\n\n")) break;
    }
    shell.kill();
    await once(shell, "exit");
    expect(output).toMatch(/^retry: 3000\n\nid: [\w-]{36}\nevent: stored\ndata: \{"event":"page_view",.+\}\n\n$/);
  });
});

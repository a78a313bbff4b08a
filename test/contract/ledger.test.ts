/** `GET /api/metrics/ledger` and `passerby ledger`: who may read the ledger, and what they are told. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { LedgerReport } from "../../src/collector/ledger/ledger-report.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { COMMAND } from "../support/command.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

let server: TestServer;
let keys: { readonly all: string; readonly oneSite: string; readonly ingest: string };

beforeAll(async () => {
  server = await startTestServer({ settings: { METRICS_SITES: "example.com,other.org" } });
  const ring = openKeys(server.dataDir, systemClock);
  const make = (scope: "read" | "ingest", site: string | null): string =>
    ring.create({ scope, site, lifetimeMs: null }).key;
  keys = { all: make("read", null), oneSite: make("read", "other.org"), ingest: make("ingest", null) };
  await send({ event: "click" });
  await send([{ event: "click", site: "other.org" }, { event: "" }], "?partial=1");
  await send({ events: [{ event: "click", site: "other.org" }], lost: 3 }, "", { "sec-gpc": "1" });
  await send("{");
});
afterAll(() => server.close());

async function send(body: unknown, query = "", headers: Record<string, string> = {}): Promise<void> {
  await fetch(`${server.url}/api/metrics/event${query}`, {
    method: "POST",
    headers: { "content-type": "application/json", referer: "https://other.org/page", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

async function read(query: string, key?: string) {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const response = await fetch(`${server.url}/api/metrics/ledger${query}`, { headers });
  const body: LedgerReport = JSON.parse(await response.text());
  return { status: response.status, body };
}

async function run(args: readonly string[]) {
  const child = spawn(process.execPath, [COMMAND, "ledger", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  await once(child, "close");
  return { code: child.exitCode, ...output };
}

const NOTHING = { dropped: {}, refused: {}, client_lost: 0, in_flight: 0, uncertain: false };
const OTHER = {
  ...NOTHING,
  received: 4,
  stored: 2,
  dropped: { opted_out: 1 },
  refused: { invalid_event: 1 },
  client_lost: 3,
};

describe("GET /api/metrics/ledger", () => {
  it("tells what came and what became of it, by site", async () => {
    const { status, body } = await read("", keys.all);
    expect({ status, rows: body.rows }).toMatchObject({
      status: 200,
      rows: [
        { ...NOTHING, site: "(unknown)", received: 1, refused: { invalid_json: 1 } },
        { ...OTHER, site: "other.org" },
      ],
    });
    expect(body.totals).toEqual({ ...OTHER, received: 5, refused: { invalid_json: 1, invalid_event: 1 } });
    expect({ balanced: body.balanced, warnings: body.warnings }).toEqual({ balanced: true, warnings: [] });
  });

  it("tells by the minute, the hour or the day, from one time to another", async () => {
    const { rows } = (await read("?by=minute", keys.all)).body;
    expect(rows[0]?.from).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:00\.000Z$/);
    expect((await read("?by=hour", keys.all)).body.rows[0]?.from).toMatch(/T\d{2}:00:00\.000Z$/);
    expect((await read("?by=day", keys.all)).body.rows[0]?.from).toMatch(/T00:00:00\.000Z$/);
    expect((await read("?from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z", keys.all)).body.rows).toEqual([]);
  });

  it("shows a key of one site that site only, and nothing that no site is known of", async () => {
    const { body } = await read("", keys.oneSite);
    expect(body.rows.map(({ site }) => site)).toEqual(["other.org"]);
    expect(body.totals).toEqual(OTHER);
    for (const site of ["example.com", "(unknown)"]) {
      expect(await read(`?site=${site}`, keys.oneSite)).toMatchObject({
        status: 403,
        body: { error: "scope_missing" },
      });
    }
    expect((await read("?site=(unknown)", keys.all)).body.totals.received).toBe(1);
  });

  it.each([
    ["no key", "", () => undefined, 401, "key_required"],
    ["a key that may only send", "", () => keys.ingest, 403, "scope_missing"],
    ["a site that there is not", "?site=nowhere.net", () => keys.all, 400, "invalid_request"],
    ["a step that there is not", "?by=week", () => keys.all, 400, "invalid_request"],
    ["a time that is none", "?from=yesterday", () => keys.all, 400, "invalid_request"],
    [
      "a range that ends before it begins",
      "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
      () => keys.all,
      400,
      "invalid_request",
    ],
    ["too many minutes", "?by=minute&from=2020-01-01T00:00:00Z", () => keys.all, 400, "invalid_request"],
  ])("refuses %s", async (_what, query, key, status, error) => {
    expect(await read(query, key())).toMatchObject({ status, body: { ok: false, error } });
  });
});

describe("POST /api/ledger", () => {
  const TODAY = { site: "other.org", date_range: "24h", timezone: "Asia/Kolkata" };

  async function ask(body: unknown, key?: string) {
    const headers = { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) };
    const response = await fetch(`${server.url}/api/ledger`, { method: "POST", headers, body: JSON.stringify(body) });
    const answered: unknown = await response.json();
    return { status: response.status, body: answered };
  }

  it("tells a reader of all sites of one, and beside it what no site can be told of", async () => {
    expect(await ask(TODAY, keys.all)).toMatchObject({
      status: 200,
      body: {
        own: { totals: OTHER, balanced: true },
        unknown: { totals: { received: 1, refused: { invalid_json: 1 } } },
      },
    });
  });

  it("tells a reader of one site of that site only", async () => {
    expect(await ask(TODAY, keys.oneSite)).toMatchObject({
      status: 200,
      body: { own: { totals: OTHER }, unknown: null },
    });
    for (const site of ["example.com", "(unknown)"]) {
      expect(await ask({ ...TODAY, site }, keys.oneSite)).toMatchObject({
        status: 403,
        body: { error: "scope_missing" },
      });
    }
  });

  it.each([
    ["day", 4],
    ["all", 4],
    ["7d", 0],
    [["2020-01-01", "2020-01-31"], 0],
    [["2020-01-01", "2199-12-31"], 4],
  ])("reads %j as a question does", async (date_range, received) => {
    expect(await ask({ ...TODAY, date_range }, keys.all)).toMatchObject({ body: { own: { totals: { received } } } });
  });

  it.each([
    ["no key", TODAY, () => undefined, 401, "key_required"],
    ["a key that may only send", TODAY, () => keys.ingest, 403, "scope_missing"],
    ["a site that there is not", { ...TODAY, site: "nowhere.net" }, () => keys.all, 400, "invalid_request"],
    ["a field that there is not", { ...TODAY, by: "day" }, () => keys.all, 400, "invalid_request"],
    ["a range that is none", { ...TODAY, date_range: "fortnight" }, () => keys.all, 400, "invalid_query"],
    ["a zone that is none", { ...TODAY, timezone: "Mars/Olympus" }, () => keys.all, 400, "invalid_query"],
  ])("refuses %s", async (_what, body, key, status, error) => {
    expect(await ask(body, key())).toMatchObject({ status, body: { ok: false, error } });
  });
});

describe("passerby ledger", () => {
  it("shows a table beside the running server, and that it holds", async () => {
    const { code, stdout } = await run(["--data-dir", server.dataDir, "--check"]);
    expect([code, stdout.split("\n").map((line) => line.replace(/ +/g, " "))]).toEqual([
      0,
      [
        "site received stored opted_out invalid_json invalid_event client lost uncertain",
        "(unknown) 1 0 0 1 0 0 no",
        "other.org 4 2 1 0 1 3 no",
        "total 5 2 1 1 1 3 no",
        "Stored is what the log has: 0 events compared (the last minutes, which may still change, are left out).",
        "",
      ],
    ]);
  });

  it("says so where nothing was received, and where there is no data directory", async () => {
    const folder = mkdtempSync(join(tmpdir(), "passerby-test-"));
    const empty = await run(["--data-dir", folder]);
    rmSync(folder, { recursive: true });
    expect(empty).toMatchObject({ code: 0, stdout: expect.stringContaining("Nothing was received in this time") });
    expect(await run(["--data-dir", folder])).toMatchObject({ code: 2, stderr: expect.stringContaining("--data-dir") });
  });

  it.each([
    ["--since", "1w"],
    ["--from", "2026-11-23", "--to", "2026-11-22"],
  ])("refuses %s %s", async (...args) => {
    expect((await run(["--data-dir", server.dataDir, ...args])).code).toBe(2);
  });
});

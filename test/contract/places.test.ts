/** Country and region over HTTP, from a real geo database: what is stored, and where it is not shown. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { runCommand } from "../support/command.ts";
import { makeMmdb } from "../support/mmdb.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const folder = mkdtempSync(join(tmpdir(), "passerby-places-"));
const database = join(folder, "geo.mmdb");
let server: TestServer;

beforeAll(async () => {
  const record = { country: { iso_code: "CH" }, subdivisions: [{ iso_code: "ZH" }] };
  writeFileSync(database, makeMmdb({ "198.51.100.0/24": record, "2001:db8::/32": record }));
  server = await startTestServer({
    settings: { METRICS_GEO_DATABASE: database, TRUSTED_PROXIES: "127.0.0.1", METRICS_RATE_LIMIT: "0" },
  });
});
afterAll(() => server.close());

/** Sends an event from an address behind the trusted proxy and returns its line. */
async function store(address: string, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.url}/api/metrics/event`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": address, ...headers },
    body: JSON.stringify({ event: "page_view" }),
  });
  expect(response.status).toBe(202);
  return server.readLog().at(-1) ?? {};
}

describe("a geo database", () => {
  it.each([["198.51.100.7"], ["::ffff:198.51.100.7"], ["2001:db8::7"]])(
    "gives %s country and region",
    async (address) => {
      expect(await store(address)).toMatchObject({ country: "CH", region: "CH-ZH" });
    },
  );

  it.each([["192.168.1.7"], ["203.0.113.7"]])("gives %s none", async (address) => {
    const line = await store(address);
    expect([line["country"], line["region"]]).toEqual([undefined, undefined]);
  });

  it("gives none to what comes with a key, since that address is not the visitor's", async () => {
    const { key } = openKeys(server.dataDir, systemClock).create({ scope: "ingest", site: null, lifetimeMs: null });
    const line = await store("198.51.100.7", { authorization: `Bearer ${key}` });
    expect(line["country"]).toBeUndefined();
  });

  it("shows nothing of it to the public", async () => {
    await store("198.51.100.7");
    for (const path of ["/api/metrics/behavior", "/api/metrics/config", "/api/metrics/health"]) {
      const text = await (await fetch(`${server.url}${path}`)).text();
      expect(text).not.toMatch(/"CH"|CH-ZH|country|region/);
    }
  });

  it.each([
    ["is missing", join(folder, "nothing.mmdb"), /cannot be read/],
    ["is damaged", join(folder, "half.mmdb"), /is no MMDB file or was cut off/],
  ])("that %s stops the start with one line", async (_, path, message) => {
    writeFileSync(join(folder, "half.mmdb"), makeMmdb({ "198.51.100.0/24": { country_code: "CH" } }).subarray(0, 300));
    const env = { METRICS_GEO_DATABASE: path, METRICS_ADMIN_LISTEN: "off" };
    const { code, stdout, stderr } = await runCommand(
      ["start", "--port", "0", "--data-dir", join(folder, "data")],
      env,
    );
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringMatching(/^passerby: METRICS_GEO_DATABASE=[^\n]+\n$/)]);
    expect(stderr).toMatch(message);
  });
});

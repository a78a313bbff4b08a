/** Holds what an overlay's token is: one site, an hour at most, to read with from a page of that site, until it is revoked. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Finished, runCommand } from "../support/command.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const ORIGIN = "https://example.com";
const SETTINGS = { METRICS_SITES: "example.com,other.org", ALLOWED_ORIGINS: `${ORIGIN},https://other.org` };

describe("a token for the overlay", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ settings: SETTINGS });
    const events = [
      { event: "secret_plan", site: "example.com" },
      { event: "other_plan", site: "other.org" },
    ];
    const body = JSON.stringify(events);
    await fetch(`${server.url}/api/metrics/event`, { method: "POST", headers: { "content-type": "text/plain" }, body });
  });
  afterAll(() => server?.close());

  const createKey = (args: readonly string[], env: Readonly<Record<string, string>> = SETTINGS): Promise<Finished> =>
    runCommand(["key", "create", ...args, "--data-dir", server.dataDir], env);

  /** Asks for the snapshot as the panel on a page does. */
  const readAs = async (key: string): Promise<{ status: number; allowed: string | null; text: string }> => {
    const headers = { origin: ORIGIN, authorization: `Bearer ${key}` };
    const answer = await fetch(`${server.url}/api/metrics/behavior`, { headers });
    const allowed = answer.headers.get("access-control-allow-origin");
    return { status: answer.status, allowed, text: await answer.text() };
  };

  it("reads whole events of its site from a page of an allowed origin, and no more once it is revoked", async () => {
    const made = await createKey(["--overlay", "--site", "example.com", "--json"]);
    const { key, id, scope, site }: Record<string, string> = JSON.parse(made.stdout);
    expect([scope, site]).toEqual(["overlay", "example.com"]);
    const seen = await readAs(key ?? "");
    expect(seen).toMatchObject({ status: 200, allowed: ORIGIN, text: expect.stringContaining("secret_plan") });
    expect(seen.text).not.toContain("other_plan");
    await runCommand(["key", "revoke", id ?? "", "--data-dir", server.dataDir]);
    expect(await readAs(key ?? "")).toMatchObject({ status: 401, allowed: ORIGIN });
  });

  it.each(["/api/metrics/behavior", "/api/metrics/stream", "/api/metrics/config"])(
    "may be sent to %s by a page, as its preflight says",
    async (path) => {
      const asked = { origin: ORIGIN, "access-control-request-headers": "authorization" };
      const headers = { ...asked, "access-control-request-method": "GET" };
      const answer = await fetch(server.url + path, { method: "OPTIONS", headers });
      expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([204, ORIGIN]);
      expect(answer.headers.get("access-control-allow-headers")).toContain("Authorization");
    },
  );

  it("is good for an hour, or for less", async () => {
    const before = Date.now();
    const lifetimes: number[] = [];
    for (const more of [[], ["--expires", "10m"]]) {
      const { stdout } = await createKey(["--scope", "overlay", "--site", "example.com", "--json", ...more]);
      const { expires_at }: { expires_at: string } = JSON.parse(stdout);
      lifetimes.push(Math.floor((Date.parse(expires_at) - before) / 60_000));
    }
    expect(lifetimes).toEqual([60, 10]);
  });

  it("is for the only site where there is one", async () => {
    const { stdout } = await createKey(["--overlay", "--json"], { METRICS_SITES: "example.com" });
    expect(JSON.parse(stdout)).toMatchObject({ scope: "overlay", site: "example.com" });
  });

  it.each([
    ["for more than an hour", ["--overlay", "--site", "example.com", "--expires", "2h"], /1h at most/],
    ["without a site where there are two", ["--overlay"], /add --site/],
    ["with another scope", ["--overlay", "--scope", "read", "--site", "example.com"], /leave --scope read out/],
  ] as const)("is not made %s", async (_case, args, words) => {
    const { code, stderr } = await createKey(args);
    expect([code, stderr.trim().split("\n").length]).toEqual([2, 1]);
    expect(stderr).toMatch(words);
  });
});

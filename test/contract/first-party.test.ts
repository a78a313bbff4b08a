/** The recipes of docs/guide/first-party.md with the real programs: what they let through, and whom the collector then sees. */
import { type IncomingMessage, request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { caddy, nginx } from "../means.ts";
import { type ProxiedSite, startCaddy, startNginx, startVite } from "../support/proxies.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { startWorker } from "../support/worker-proxy.ts";

const USER_AGENT =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

type Asking = {
  /** The address that the client connects from: the whole of 127.0.0.0/8 is this machine. */
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

async function ask(url: string, { from = "127.0.0.1", headers = {}, body }: Asking = {}): Promise<IncomingMessage> {
  const method = body === undefined ? "GET" : "POST";
  return new Promise((resolve, reject) => {
    request(url, { method, localAddress: from, headers: { "user-agent": USER_AGENT, ...headers }, agent: false })
      .on("response", (answer) => resolve(answer.resume()))
      .on("error", reject)
      .end(body);
  });
}

/** Sends an event from an address; returns the id that the collector gave the sender. */
async function sendFrom(server: TestServer, baseUrl: string, from: string, forged?: string): Promise<unknown> {
  const name = `event_${server.readLog().length}`;
  const headers = {
    origin: "http://localhost",
    "content-type": "text/plain",
    ...(forged !== undefined && { "x-forwarded-for": forged }),
  };
  const answer = await ask(`${baseUrl}/api/metrics/event`, { from, headers, body: JSON.stringify({ event: name }) });
  expect(answer.statusCode).toBe(202);
  return server.readLog().find(({ event }) => event === name)?.["visitor_id"];
}

const PROXIES: readonly [string, boolean, (collectorUrl: string) => Promise<ProxiedSite>][] = [
  ["nginx [needs nginx]", nginx !== undefined, startNginx],
  ["Caddy [needs caddy]", caddy !== undefined, startCaddy],
  ["Vite in dev", true, startVite],
  ["the Worker for Cloudflare, run by Node,", true, startWorker],
];

for (const [name, isThere, start] of PROXIES) {
  describe.skipIf(!isThere)(name, () => {
    let trusting: TestServer;
    let wary: TestServer;
    let site: ProxiedSite;
    let warySite: ProxiedSite;
    beforeAll(async () => {
      trusting = await startTestServer({ settings: { ALLOWED_ORIGINS: "*", TRUSTED_PROXIES: "127.0.0.1" } });
      wary = await startTestServer({ settings: { ALLOWED_ORIGINS: "*" } });
      site = await start(trusting.url);
      warySite = await start(wary.url);
    });
    afterAll(async () => {
      for (const one of [site, warySite, trusting, wary]) await one?.close();
    });

    it("passes on the scripts and the API with their headers, and nothing of the dashboard", async () => {
      const script = await ask(`${site.origin}/stats/passerby.js`);
      expect([script.statusCode, script.headers["content-type"]]).toEqual([200, "text/javascript; charset=utf-8"]);
      expect(script.headers["cache-control"]).toBe("public, max-age=3600");
      const config = await ask(`${site.origin}/stats/api/metrics/config`);
      expect([config.statusCode, config.headers["passerby-config"]]).toEqual([200, expect.any(String)]);
      const snapshot = await ask(`${site.origin}/stats/api/metrics/behavior?limit=0`);
      expect(snapshot.statusCode).toBe(400);
      for (const path of ["/stats/", "/stats/api/now", "/stats/api/query", "/stats/api/metrics/../now"]) {
        const { headers } = await ask(site.origin + path);
        expect(headers, path).not.toHaveProperty("permissions-policy");
      }
    });

    it("lets the collector see each visitor's own address, which no visitor can write", async () => {
      const one = await sendFrom(trusting, `${site.origin}/stats`, "127.0.0.2");
      const other = await sendFrom(trusting, `${site.origin}/stats`, "127.0.0.3");
      expect(one).toBe(await sendFrom(trusting, trusting.url, "127.0.0.2"));
      expect(other).toBe(await sendFrom(trusting, trusting.url, "127.0.0.3"));
      expect(other).not.toBe(one);
      expect(await sendFrom(trusting, `${site.origin}/stats`, "127.0.0.2", "203.0.113.9")).toBe(one);
    });

    it("is one visitor for a collector that does not trust it, and is warned of", async () => {
      const one = await sendFrom(wary, `${warySite.origin}/stats`, "127.0.0.2");
      const other = await sendFrom(wary, `${warySite.origin}/stats`, "127.0.0.3");
      expect([one, other]).toEqual(Array(2).fill(await sendFrom(wary, wary.url, "127.0.0.1")));
      expect(wary.warnings.join()).toContain("TRUSTED_PROXIES");
    });
  });
}

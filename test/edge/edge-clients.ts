/** The edge and its clients: how much they may take, who they are, and what is written of them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { openssl } from "../means.ts";
import { findInFolder } from "../support/search-folder.ts";
import type { TestServer } from "../support/test-server.ts";
import { makeBrokenHello } from "./broken-hello.ts";
import type { CollectorGate } from "./collector-gate.ts";
import { DOMAIN, makeOpenFolder } from "./edge-files.ts";
import type { Asking, Edge } from "./edge-process.ts";
import { type EdgeStack, EVENT, FOREIGN, flood, JSON_TYPE, posting, visitorOf } from "./edge-stack.ts";

/** Adds the tests; `use` gives what runs once they do. */
export function describeClients(use: () => EdgeStack): void {
  let stack: EdgeStack;
  let edge: Edge;
  let collector: TestServer;
  let gate: CollectorGate;
  beforeAll(() => {
    stack = use();
    ({ edge, collector, gate } = stack);
  });

  describe("a client", () => {
    it("has as many events taken as the limit says, and 429 for all others, each counted in the log", async () => {
      const before = collector.readLog().length;
      const startedMs = performance.now();
      const statuses = (await flood(edge, { from: "127.0.2.7" }, 30)).map(({ status }) => status);
      const more = Math.ceil((performance.now() - startedMs) / 200);
      const taken = statuses.filter((status) => status === 202).length;
      expect(taken).toBeGreaterThanOrEqual(11);
      expect(taken).toBeLessThanOrEqual(11 + more);
      expect(statuses.filter((status) => status === 429)).toHaveLength(30 - taken);
      expect(collector.readLog()).toHaveLength(before + taken);
      const refusals = (): number =>
        edge.readLog().filter((line) => line["client"] === "127.0.2.0" && line["limit_req"] === "REJECTED").length;
      await expect.poll(refusals).toBe(30 - taken);
    });

    it("may send 64 KiB and not a byte more, with or without a length", async () => {
      const event = '{"event":"large"}';
      const most = event + " ".repeat(65_536 - event.length);
      expect((await edge.ask(EVENT, posting({ from: "127.0.2.1", body: most }))).status).toBe(202);
      const chunked = { "transfer-encoding": "chunked" };
      for (const headers of [{}, chunked]) {
        const { status } = await edge.ask(EVENT, posting({ from: "127.0.2.1", body: `${most} `, headers }));
        expect(status).toBe(413);
      }
      const { status } = await edge.ask(EVENT, posting({ from: "127.0.2.1", body: most, headers: chunked }));
      expect(status).toBe(202);
    });

    it("is told which methods there are", async () => {
      const ask = async (path: string, method: string) => {
        const { status, headers } = await edge.ask(path, { method, from: "127.0.2.2" });
        return [status, headers.allow];
      };
      expect(await ask(EVENT, "GET")).toEqual([405, "POST, OPTIONS"]);
      expect(await ask(EVENT, "DELETE")).toEqual([405, "POST, OPTIONS"]);
      expect(await ask("/api/query", "PATCH")).toEqual([405, "GET, HEAD, POST, OPTIONS"]);
      expect(await ask("/", "TRACE")).toEqual([405, "GET, HEAD, POST, OPTIONS"]);
    });

    it("is who connects, whatever it claims", async () => {
      const claims = ["x-forwarded-for", "x-real-ip", "cf-connecting-ip", "true-client-ip", "x-client-ip"];
      const forged = Object.fromEntries(claims.map((name) => [name, "203.0.113.9"]));
      const one = await visitorOf(stack, "127.0.2.3");
      expect(await visitorOf(stack, "127.0.2.3", { ...forged, forwarded: "for=203.0.113.9" })).toBe(one);
      expect(await visitorOf(stack, "127.0.2.4")).not.toBe(one);
      expect(collector.warnings.join()).not.toContain("TRUSTED_PROXIES");
    });

    it("asks for our name, or gets nothing", async () => {
      await expect(edge.connect({ servername: "evil.example" })).rejects.toThrow();
      await expect(edge.askPlain("/", { headers: { host: "evil.example" } })).rejects.toThrow(
        /socket hang up|ECONNRESET/,
      );
      expect((await edge.askPlain("/edge-health", { headers: { host: "localhost" } })).status).toBe(204);
      const passed = gate.heard.length;
      const line = "GET https://evil.example/ HTTP/1.1";
      expect(await edge.sendRaw(`${line}\r\nHost: ${DOMAIN}\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1.1 421 /);
      expect(gate.heard).toHaveLength(passed);
    });

    it("smuggles nothing past the edge", async () => {
      const passed = gate.heard.length;
      const head = `POST ${EVENT} HTTP/1.1\r\nHost: ${DOMAIN}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n`;
      expect(await edge.sendRaw(`${head}0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1.1 400 /);
      expect(gate.heard).toHaveLength(passed);
    });

    it("is sent from HTTP to HTTPS with its path as it was, and nothing in it becomes a header", async () => {
      const { status, headers } = await edge.askPlain("/%0d%0aX-Injected:%201/..?a=%0a");
      expect([status, headers.location]).toEqual([308, `${edge.origin}/%0d%0aX-Injected:%201/..?a=%0a`]);
      expect(headers).not.toHaveProperty("x-injected");
    });
  });

  describe("the tracker's scripts", () => {
    it("are asked for once, and outlive a collector that is down", async () => {
      const asked = (path: string): number => gate.heard.filter((line) => line.startsWith(`GET ${path} `)).length;
      const headers = { "accept-encoding": "gzip, deflate, br" };
      const first = await edge.ask("/passerby-full.js", { headers });
      gate.shut(true);
      const second = await edge.ask("/passerby-full.js?again", { headers: { "accept-encoding": "br, gzip" } });
      gate.shut(false);
      expect([first.status, second.status, first.body === second.body]).toEqual([200, 200, true]);
      expect(second.headers).toMatchObject({
        "access-control-allow-origin": "*",
        "cache-control": "public, max-age=3600",
        "content-encoding": "br",
        "content-type": "text/javascript; charset=utf-8",
        "cross-origin-resource-policy": "cross-origin",
      });
      expect(asked("/passerby-full.js")).toBe(1);
    });

    it.each([
      ["gzip, deflate", "gzip"],
      ["br;q=1.0, gzip;q=0.5", "br"],
      ["gzip;q=0, br;q=0.0", undefined],
      ["brotli, x-gzip", undefined],
      ["", undefined],
    ])("come to a client that accepts %j in a coding that it can read", async (accepted, coding) => {
      const { status, headers } = await edge.ask("/passerby.js", { headers: { "accept-encoding": accepted } });
      expect([status, headers["content-encoding"], headers.vary]).toEqual([200, coding, "Accept-Encoding"]);
    });
  });

  describe("the dashboard", () => {
    it("lets its owner in, over TLS and from its own pages", async () => {
      const headers = { ...JSON_TYPE, origin: edge.origin };
      const body = JSON.stringify({ token: collector.signInToken() });
      const signedIn = await edge.ask("/api/sign-in", { body, headers });
      const [cookie = ""] = signedIn.headers["set-cookie"] ?? [];
      expect([signedIn.status, cookie]).toEqual([200, expect.stringMatching(/^__Host-passerby_session=.*; Secure/)]);
      const sites = await edge.ask("/api/sites", { body: "{}", headers: { ...headers, cookie } });
      expect(JSON.parse(sites.body)).toMatchObject({ base_url: edge.origin });
      const foreign = await edge.ask("/api/sites", { body: "{}", headers: { ...JSON_TYPE, cookie, origin: FOREIGN } });
      expect(foreign.status).toBe(403);
    });

    it("sends live events as they are stored, and 10 streams to one address", async () => {
      const { key } = openKeys(collector.dataDir, systemClock).create({ scope: "read", site: null, lifetimeMs: null });
      const asking = { from: "127.0.3.1", headers: { authorization: `Bearer ${key}` } };
      const streams = await Promise.all(Array.from({ length: 10 }, () => edge.open("/api/metrics/stream", asking)));
      expect(streams.map(({ statusCode }) => statusCode)).toEqual(Array(10).fill(200));
      const eleventh = await edge.ask("/api/metrics/stream", asking);
      expect([eleventh.status, JSON.parse(eleventh.body).error]).toEqual([429, "rate_limited"]);
      const stream = streams[0];
      let text = "";
      stream?.on("data", (chunk: Buffer) => (text += chunk.toString()));
      await edge.ask(EVENT, posting({ from: "127.0.3.2", body: '{"event":"live_event"}' }));
      await expect.poll(() => text).toContain("live_event");
      for (const one of streams) one.destroy();
    });
  });

  describe("TLS", () => {
    it.each<[string, readonly string[], RegExp]>([
      ["1.3 with a certificate for the domain", ["-tls1_3"], /Protocol version: TLSv1\.3[\s\S]*Verification: OK/],
      [
        "1.2 with forward secrecy",
        ["-tls1_2"],
        /Protocol version: TLSv1\.2\nCiphersuite: ECDHE-[\s\S]*Verification: OK/,
      ],
      ["not 1.1", ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], /protocol version|unsupported protocol/],
      ["not without forward secrecy", ["-tls1_2", "-cipher", "AES128-GCM-SHA256"], /handshake failure/],
      ["not with CBC", ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"], /handshake failure/],
      ["not for another name", ["-servername", "evil.example"], /unrecognized name/],
    ])("%s", async (_what, args, told) => {
      const verify = ["-CAfile", edge.certificate, "-verify_hostname", DOMAIN, "-verify_return_error"];
      const where = ["-connect", `127.0.0.1:${edge.httpsPort}`, "-servername", DOMAIN];
      const child = spawn(openssl ?? "openssl", ["s_client", "-brief", ...where, ...verify, ...args]);
      let said = "";
      child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
      child.stdout.resume();
      child.stdin.end("Q\n");
      await once(child, "close");
      expect(said).toMatch(told);
    });

    it("carries HTTP/2", async () => {
      const ca = readFileSync(edge.certificate);
      const session = connectHttp2(`https://127.0.0.1:${edge.httpsPort}`, { servername: DOMAIN, ca });
      const stream = session.request({ ":path": "/api/metrics/health", ":authority": `${DOMAIN}:${edge.httpsPort}` });
      const [headers] = await once(stream, "response");
      stream.close();
      session.close();
      expect(headers).toMatchObject({ ":status": 200, "x-xss-protection": "0" });
    });
  });

  it("serves what Let's Encrypt asks for over plain HTTP, and nothing outside of it", async () => {
    const folder = join(edge.folder, "acme/.well-known/acme-challenge");
    makeOpenFolder(folder);
    writeFileSync(join(folder, "token"), "answer");
    chmodSync(join(folder, "token"), 0o644);
    expect((await edge.askPlain("/.well-known/acme-challenge/token")).body).toBe("answer");
    for (const way of ["..%2f..%2f..%2fetc/nginx.conf", "../../../etc/nginx.conf", "%2e%2e/%2e%2e/%2e%2e/key.pem"]) {
      expect((await edge.askPlain(`/.well-known/acme-challenge/${way}`)).status, way).not.toBe(200);
    }
  });

  it("writes no client's address, agent or query anywhere", async () => {
    const from = "127.77.66.55";
    const marks = { "user-agent": "Canary/7766", referer: "https://example.com/Canary7766", "x-forwarded-for": from };
    const ask = (path: string, more: Asking = {}): Promise<unknown> =>
      edge.ask(path, { ...more, from, headers: { ...marks, ...more.headers } });
    await Promise.all([
      ask(`${EVENT}?Canary7766=1`, posting()),
      ask("/Canary7766"),
      ask(EVENT, posting({ body: "x".repeat(65_537) })),
      ask(EVENT, { method: "PUT" }),
      ask(`${EVENT}?gate=reset`, posting()),
      ask("/", { headers: { host: "canary7766.example" } }),
      edge.askPlain("/Canary7766", { from, headers: marks }),
      ...Array.from({ length: 15 }, () => ask(EVENT, posting())),
      edge.sendRaw("GET / HTTP/1.1\r\n\r\n", { from }),
      edge.sendRaw(`GET /Canary7766${"x".repeat(40_000)} HTTP/1.1\r\n\r\n`, { from }),
      makeBrokenHello(DOMAIN).then((hello) => edge.sendRaw(hello, { from, isPlain: true })),
    ]);
    const statuses = (): readonly unknown[] =>
      edge.readLog().flatMap((line) => (line["client"] === "127.77.66.0" ? [line["status"]] : []));
    await expect.poll(statuses).toEqual(expect.arrayContaining([202, 308, 400, 404, 405, 413, 421, 429, 502]));
    const found = [from, "canary/7766", "Canary/7766", "Canary7766", "canary7766"].flatMap((canary) => [
      ...findInFolder(edge.folder, canary),
      ...(edge.printed().includes(canary) ? ["what nginx printed"] : []),
    ]);
    expect(found).toEqual([]);
    expect(edge.readLog().filter((line) => line["path"] === "(other)")).not.toEqual([]);
  });
}

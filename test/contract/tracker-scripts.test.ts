/** How the collector serves the tracker's scripts: to every origin, compressed, and under a hash for ever or not at all. */
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AllHashes } from "../../scripts/build-tracker.ts";
import { BUILT_TRACKER } from "../support/built-tracker.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const BESIDE = '"beside the core";';

type Answer = { readonly status: number; readonly headers: IncomingMessage["headers"]; readonly body: Buffer };

/** Asks as a browser does, and leaves the answer's body compressed. */
async function ask(url: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Promise<Answer> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { method, headers }).on("response", resolve).on("error", reject).end();
  });
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) };
}

describe.each(["1", "2"])("the tracker's scripts, with %s process(es) that accept events", (workers) => {
  let distDir: string;
  let server: TestServer;
  let script: Buffer;
  let integrity: string;
  let pinned: string;
  beforeAll(async () => {
    distDir = mkdtempSync(join(tmpdir(), "passerby-scripts-"));
    const folder = join(distDir, "tracker");
    cpSync(BUILT_TRACKER, folder, { recursive: true });
    writeFileSync(join(folder, "passerby-beside.js"), BESIDE);
    // Left behind by another build.
    writeFileSync(join(folder, "passerby-beside.js.br"), brotliCompressSync("alert(1)"));
    server = await startTestServer({ distDir, settings: { METRICS_WORKERS: workers } });
    script = readFileSync(join(folder, "passerby.js"));
    const hashes: AllHashes = JSON.parse(readFileSync(join(folder, "integrity.json"), "utf8"));
    integrity = hashes["passerby.js"] ?? "";
    const hex = Buffer.from(integrity.replace("sha384-", ""), "base64").toString("hex");
    pinned = `/passerby.${hex.slice(0, 16)}.js`;
  });
  afterAll(async () => {
    await server.close();
    rmSync(distDir, { recursive: true, force: true });
  });

  it("are what integrity.json says, at the plain name and at the name with the hash", async () => {
    for (const path of ["/passerby.js", pinned]) {
      const { status, headers, body } = await ask(server.url + path);
      expect([status, headers["content-type"], headers["content-encoding"]], path).toEqual([
        200,
        "text/javascript; charset=utf-8",
        undefined,
      ]);
      expect(`sha384-${createHash("sha384").update(body).digest("base64")}`, path).toBe(integrity);
    }
  });

  it("are kept for an hour at the plain name and for ever at the name with the hash", async () => {
    expect((await ask(`${server.url}/passerby.js`)).headers["cache-control"]).toBe("public, max-age=3600");
    expect((await ask(server.url + pinned)).headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  });

  it("can be read by pages of every origin, without cookies", async () => {
    const { headers } = await ask(server.url + pinned, { origin: "https://elsewhere.example" });
    expect(headers).toMatchObject({
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
      "x-content-type-options": "nosniff",
    });
    expect(headers).not.toHaveProperty("access-control-allow-credentials");
  });

  it("are not found under the hash of another build, and nobody keeps that answer as the script", async () => {
    for (const path of ["/passerby.0123456789abcdef.js", "/passerby..js", "/passerby-other.js", "/passerby.js.br"]) {
      const { status, headers } = await ask(server.url + path);
      expect([status, headers["cache-control"]], path).toEqual([404, "no-store"]);
    }
  });

  it.each([
    ["gzip, deflate, br, zstd", "br"],
    ["gzip", "gzip"],
    ["br;q=0, gzip;q=0.5", "gzip"],
    ["identity", undefined],
    ["brotli", undefined],
  ])("answer Accept-Encoding %s with %s, as caches are told", async (accepted, coding) => {
    const { headers, body } = await ask(server.url + pinned, { "accept-encoding": accepted });
    expect([headers["content-encoding"], headers.vary]).toEqual([coding, "Accept-Encoding"]);
    const text = coding === "br" ? brotliDecompressSync(body) : coding === "gzip" ? gunzipSync(body) : body;
    expect(text.equals(script)).toBe(true);
    expect(headers["content-length"]).toBe(String(body.length));
  });

  it("answer 304 to their own tag and to no other coding's", async () => {
    const { headers } = await ask(`${server.url}/passerby.js`, { "accept-encoding": "br" });
    const tag = headers.etag ?? "";
    const again = await ask(`${server.url}/passerby.js`, { "accept-encoding": "br", "if-none-match": `"x", W/${tag}` });
    expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, tag]);
    expect(again.headers).toMatchObject({ "cache-control": "public, max-age=3600", vary: "Accept-Encoding" });
    expect((await ask(`${server.url}/passerby.js`, { "if-none-match": tag })).status).toBe(200);
  });

  it("answer HEAD with the headers of GET and no body", async () => {
    const get = await ask(server.url + pinned, { "accept-encoding": "br" });
    const head = await ask(server.url + pinned, { "accept-encoding": "br" }, "HEAD");
    expect([head.status, head.body.length]).toEqual([200, 0]);
    const { date: _got, ...expected } = get.headers;
    expect(head.headers).toMatchObject(expected);
  });

  it("are never another build's compressed file", async () => {
    const { headers, body } = await ask(`${server.url}/passerby-beside.js`, { "accept-encoding": "br" });
    expect([headers["content-encoding"], body.toString()]).toEqual([undefined, BESIDE]);
  });

  it("stay what they were at the start, whatever the folder holds now", async () => {
    writeFileSync(join(distDir, "tracker/passerby-beside.js"), "alert(1);");
    expect((await ask(`${server.url}/passerby-beside.js`)).body.toString()).toBe(BESIDE);
  });
});

/** Requests that once went wrong, or that servers elsewhere got wrong, one by one: what is sent and what must come back. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BOUNDS } from "../../src/event.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { runExchange } from "./exchange.ts";
import { followLog, type LogGrowth } from "./log-growth.ts";
import { ALLOWED_ORIGIN } from "./oracle.ts";
import { openRaw } from "./raw-connection.ts";

let server: TestServer;
let log: LogGrowth;

beforeAll(async () => {
  server = await startTestServer({ settings: { METRICS_RATE_LIMIT: "0", ALLOWED_ORIGINS: ALLOWED_ORIGIN } });
  log = followLog(server.dataDir);
});
afterAll(() => server.close());

const EVENT = '{"event":"a"}';
const POST = "POST /api/metrics/event HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
const WHOLE = `${POST}Content-Length: ${EVENT.length}\r\n\r\n${EVENT}`;

/** Sends text (as Latin-1) and returns the statuses in order; `isWhole` is false where the server waits for more. */
async function statuses(text: string, answers = 1, isWhole = true): Promise<readonly number[]> {
  const seen = await runExchange(server, log, { bytes: Buffer.from(text, "latin1"), answers, isWhole, ...read(text) });
  return seen.answers.map(({ status }) => status);
}

function read(text: string): { readonly origin: string | undefined; readonly isHead: boolean } {
  return { origin: /Origin: ([^\r]+)/.exec(text)?.[1], isHead: text.startsWith("HEAD") };
}

function withHeader(header: string): string {
  return `${POST}${header}\r\nContent-Length: ${EVENT.length}\r\n\r\n${EVENT}`;
}

describe("a length that lies", () => {
  it.each<[string, string, readonly number[]]>([
    ["the same twice", `Content-Length: 13\r\nContent-Length: 13\r\n\r\n${EVENT}`, [400]],
    ["two lengths", `Content-Length: 13\r\nContent-Length: 5\r\n\r\n${EVENT}`, [400]],
    ["a list", `Content-Length: 13, 13\r\n\r\n${EVENT}`, [400]],
    ["negative", `Content-Length: -1\r\n\r\n${EVENT}`, [400]],
    ["with a sign", `Content-Length: +13\r\n\r\n${EVENT}`, [400]],
    ["hexadecimal", `Content-Length: 0xd\r\n\r\n${EVENT}`, [400]],
    ["past any number", `Content-Length: 99999999999999999999999\r\n\r\n${EVENT}`, [400]],
    ["100 MB", `Content-Length: 104857600\r\n\r\n${EVENT}`, [413]],
    ["none at all", `\r\n${EVENT}`, [400, 400]],
    ["beside chunks", `Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nd\r\n${EVENT}\r\n0\r\n\r\n`, [400]],
    ["with a space before its colon", `Content-Length : 13\r\nTransfer-Encoding: chunked\r\n\r\n${EVENT}`, [400]],
  ])("is refused: %s", async (_what, rest, expected) => {
    expect(await statuses(POST + rest, expected.length)).toEqual(expected);
  });

  it("too long is waited for, and refused when nothing more comes", async () => {
    expect(await statuses(`${POST}Content-Length: 50\r\n\r\n${EVENT}`, 1, false)).toEqual([400]);
    expect(await statuses(`${POST}Transfer-Encoding: chunked\r\n\r\nd\r\n${EVENT}\r\n`, 1, false)).toEqual([400]);
  });

  it("too short: the event that it cuts out is refused, and so is the rest", async () => {
    expect(await statuses(`${POST}Content-Length: 5\r\n\r\n${EVENT}`, 2)).toEqual([400, 400]);
  });

  it("before what is no request leaves the answer of the stored event in its place", async () => {
    expect(await statuses(`${WHOLE}garbage\r\n\r\n`, 2)).toEqual([202, 400]);
    expect(await statuses(`${WHOLE}${WHOLE}GET / HTTP/9\r\n\r\n`, 3)).toEqual([202, 202, 400]);
  });
});

describe("chunks", () => {
  it.each<[string, string, readonly number[]]>([
    ["whole ones are read", `d\r\n${EVENT}\r\n0\r\n\r\n`, [202]],
    ["with an extension, too", `d;a=b\r\n${EVENT}\r\n0\r\n\r\n`, [202]],
    ["an extension of 20 KB is not", `d;${"x".repeat(20_000)}\r\n${EVENT}\r\n0\r\n\r\n`, [400]],
    ["a size that is none", `zz\r\n${EVENT}\r\n0\r\n\r\n`, [400]],
    ["past the cap", `2000\r\n${"a".repeat(8192)}\r\n`.repeat(10), [413]],
  ])("%s", async (_what, rest, expected) => {
    expect(await statuses(`${POST}Transfer-Encoding: chunked\r\n\r\n${rest}`)).toEqual(expected);
  });
});

describe("a header", () => {
  it.each<[string, string, readonly number[]]>([
    ["Expect: 100-continue is answered", "Expect: 100-continue", [202]],
    // Node would answer 417 without a body.
    ["Expect of anything else is let be", "Expect: 200-maybe", [202]],
    ["20 KB are too many", `X: ${"a".repeat(20_000)}`, [431]],
    ["1 MB is, too", `X: ${"a".repeat(1_000_000)}`, [431]],
    ["folded over two lines", "X: a\r\n b", [400]],
    ["with NUL", "X: a\0b", [400]],
    ["the origin null", "Origin: null", [403]],
    ["an origin that ends alike", "Origin: https://evilexample.com", [403]],
    ["an origin that begins alike", "Origin: https://example.com.evil.tld", [403]],
    ["an origin in capitals", "Origin: https://EXAMPLE.com", [403]],
    ["the allowed origin", `Origin: ${ALLOWED_ORIGIN}`, [202]],
    ["an upgrade that nobody offers", "Connection: Upgrade\r\nUpgrade: websocket", [202]],
    ["a forwarded chain of 1,000 hops", `X-Forwarded-For: ${"10.0.0.1, ".repeat(1000)}`, [202]],
    ["two content types, the first counts", "Content-Type: text/html", [202]],
  ])("%s", async (_what, header, expected) => {
    expect(await statuses(withHeader(header))).toEqual(expected);
  });
});

describe("a method or an address", () => {
  const other = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "QUERY"];
  it.each(other)("%s is not allowed where events go", async (method) => {
    expect(await statuses(`${method} /api/metrics/event HTTP/1.1\r\nHost: a\r\n\r\n`)).toEqual([405]);
  });

  it.each<[string, string, readonly number[]]>([
    ["a method that is none", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", [400]],
    ["a tunnel gets no word", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", []],
    ["another version of HTTP", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", [400]],
    // The framework answered in words of its own, and repeated the path.
    ["a path that does not decode", "GET /api/metrics/%E0%A4%A HTTP/1.1\r\nHost: a\r\n\r\n", [400]],
    ["a path upwards", "GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", [404]],
    ["the same encoded", "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", [404]],
    ["NUL in a path", "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", [404]],
    ["an authority as address", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", [400]],
    ["TLS on a plain port", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1", [400]],
    // It was a 500, with a stack trace in the operator's log.
    ["QUERY without a content type", "QUERY /api/now HTTP/1.1\r\nHost: a\r\n\r\n", [400]],
  ])("%s", async (_what, text, expected) => {
    expect(await statuses(text, expected.length)).toEqual(expected);
  });

  it("that is unknown below the API is told to an allowed page in a way that it can read", async () => {
    const text = `GET /api/metrics/nothing HTTP/1.1\r\nHost: a\r\nOrigin: ${ALLOWED_ORIGIN}\r\n\r\n`;
    const seen = await runExchange(server, log, { bytes: Buffer.from(text), answers: 1, isWhole: true, ...read(text) });
    expect(seen.answers[0]?.headers["access-control-allow-origin"]).toBe(ALLOWED_ORIGIN);
  });
});

describe("a body at its cap", () => {
  it.each<[number, number]>([
    [BOUNDS.bodyBytes - 1, 202],
    [BOUNDS.bodyBytes, 202],
    [BOUNDS.bodyBytes + 1, 413],
  ])("of %i bytes is answered with %i", async (length, status) => {
    const body = EVENT + " ".repeat(length - EVENT.length);
    expect(await statuses(`${POST}Content-Length: ${length}\r\n\r\n${body}`)).toEqual([status]);
  });

  it("of 512 KiB when inflated is taken, and not a byte more", async () => {
    for (const [length, status] of [
      [BOUNDS.inflatedBytes, 202],
      [BOUNDS.inflatedBytes + 1, 413],
    ] as const) {
      const body = gzipSync(EVENT + " ".repeat(length - EVENT.length)).toString("latin1");
      const head = `${POST}Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
      expect(await statuses(head + body)).toEqual([status]);
    }
  });

  it("of 100 MB that is cut off does not stay in memory", async () => {
    const before = process.memoryUsage().rss;
    const piece = Buffer.alloc(1_000_000, 32);
    const connection = await openRaw(server.url);
    connection.send(`${POST}Transfer-Encoding: chunked\r\n\r\n`);
    for (let sent = 0; sent < 100 && !connection.received().isClosed; sent += 1) {
      connection.send(`${piece.length.toString(16)}\r\n`);
      connection.send(piece);
      connection.send("\r\n");
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { answers } = await connection.closed(10_000);
    connection.socket.destroy();
    expect(answers.map(({ status }) => status)).toEqual([413]);
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
  });
});

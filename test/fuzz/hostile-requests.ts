/** Whole requests as bytes, for fast-check: framing that lies, headers that do not fit, methods and addresses of all kinds. */
import fc from "fast-check";
import type { Exchange } from "./exchange.ts";
import { type HostileBody, hostileBody } from "./hostile-bodies.ts";
import { ALLOWED_ORIGIN } from "./oracle.ts";

const EVENT_PATHS = ["/api/metrics/event", "/api/metrics/event?partial=1", "/api/metrics/event?partial=2&__proto__=1"];
const OTHER_PATHS = [
  ...["/api/metrics/health", "/api/metrics/config", "/api/metrics/behavior?limit=5", "/api/metrics/behavior?limit=x"],
  ...["/api/query", "/api/sign-in", "/api/now", "/", "/passerby.js", "/api/metrics/%zz", "/../../etc/passwd", "/%00"],
  ...["/%2e%2e/%2e%2e/etc/passwd", "*", "x:80", "http://other.example/api/metrics/event", "//api/metrics/event"],
  ...["/api/metrics/event/", "/api/metrics/event;x", "/API/metrics/event", `/${"a".repeat(9000)}`, "", "api"],
];
const METHODS = [
  "GET",
  "HEAD",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "PROPFIND",
  "QUERY",
  "PURGE",
  "BREW",
  "post",
];
const TYPES = [
  ...["application/json", "text/plain;charset=UTF-8", "application/JSON; charset=utf-16", "text/html", ",;", ""],
  ...["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", `a/${"b".repeat(500)}`],
];
const ORIGINS = [
  ...[ALLOWED_ORIGIN, "null", "https://evil.tld", "https://example.com.evil.tld", "https://evilexample.com"],
  ...["https://EXAMPLE.com", "http://example.com", "https://example.com:443", "https://example.com/", "\xe4", ""],
];
const ODD_HEADERS = [
  ...["Expect: 100-continue", "Expect: 200-maybe", "Connection: Upgrade\r\nUpgrade: h2c", "Cookie: a=%E0%A4%A; =; ;;"],
  ...[
    "Authorization: Bearer x",
    "Authorization: Basic \xff",
    "X-Forwarded-For: 1.2.3.4, unknown, [::1]:80",
    "Sec-GPC: 1",
  ],
  ...[
    "Host: other.example",
    "If-None-Match: *",
    "Accept-Language: \xff;q=x",
    "Referer: javascript:alert(1)",
    "X: a\0b",
  ],
  ...[
    "X: a\r\n folded",
    "X : space",
    ": none",
    "no colon",
    "Trailer: x",
    "Content-Type: text/html",
    `X: ${"a".repeat(9000)}`,
  ],
  ...[`User-Agent: ${"Mozilla/5.0 ".repeat(700)}`, `X-Forwarded-For: ${"10.0.0.1, ".repeat(900)}`, "Range: bytes=0-"],
  `X: ${"a".repeat(20_000)}`,
];

/** How the length of the body is told. */
const FRAMES = [
  ...["length", "chunked", "short", "long", "negative", "huge", "twice", "both", "endless", "bad chunk", "none"],
  ...["list", "spaced"],
] as const;

/** Most frames are right: a body that is never read tests nothing behind it. */
const frame = fc.oneof(
  { weight: 5, arbitrary: fc.constant("length" as const) },
  { weight: 2, arbitrary: fc.constant("chunked" as const) },
  { weight: 3, arbitrary: fc.constantFrom(...FRAMES) },
);

function chunk(bytes: Buffer): Buffer {
  const middle = Math.ceil(bytes.length / 2);
  const parts = [bytes.subarray(0, middle), bytes.subarray(middle)].filter((part) => part.length > 0);
  return Buffer.concat(
    parts.flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]),
  );
}

/** Returns the header lines and the bytes of a framed body. */
function frameBody(kind: Shape["frame"], { bytes }: HostileBody): [header: string, bytes: Buffer] {
  const { length } = bytes;
  const chunked = Buffer.concat([chunk(bytes), Buffer.from("0\r\n\r\n")]);
  switch (kind) {
    case "length":
      return [`Content-Length: ${length}\r\n`, bytes];
    case "chunked":
      return ["Transfer-Encoding: chunked\r\n", chunked];
    case "short":
      return [`Content-Length: ${Math.floor(length / 2)}\r\n`, bytes];
    case "long":
      return [`Content-Length: ${length + 10}\r\n`, bytes];
    case "negative":
      return [`Content-Length: -${length}\r\n`, bytes];
    case "huge":
      return ["Content-Length: 104857600\r\n", bytes];
    case "twice":
      return [`Content-Length: ${length}\r\nContent-Length: 2\r\n`, bytes];
    case "both":
      return [`Content-Length: ${length}\r\nTransfer-Encoding: chunked\r\n`, chunked];
    case "endless":
      return ["Transfer-Encoding: chunked\r\n", chunk(bytes)];
    case "bad chunk":
      return ["Transfer-Encoding: chunked\r\n", Buffer.concat([Buffer.from("zz\r\n"), chunked])];
    case "none":
      return ["", bytes];
    case "list":
      return [`Content-Length: ${length}, ${length}\r\n`, bytes];
    case "spaced":
      return [`Content-Length : ${length}\r\nTransfer-Encoding:\tchunked\r\n`, chunked];
  }
}

type Shape = {
  readonly method: string;
  readonly path: string;
  readonly type: string;
  readonly origin: string | undefined;
  readonly odd: readonly string[];
  readonly frame: (typeof FRAMES)[number];
  readonly body: HostileBody;
};

const shape: fc.Arbitrary<Shape> = fc.record({
  method: fc.oneof({ weight: 6, arbitrary: fc.constant("POST") }, fc.constantFrom(...METHODS)),
  path: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...EVENT_PATHS) }, fc.constantFrom(...OTHER_PATHS)),
  type: fc.oneof({ weight: 5, arbitrary: fc.constant("application/json") }, fc.constantFrom(...TYPES)),
  origin: fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.constant(ALLOWED_ORIGIN) },
    { weight: 1, arbitrary: fc.constantFrom(...ORIGINS) },
  ),
  odd: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(fc.constantFrom(...ODD_HEADERS), { maxLength: 2 })),
  frame,
  body: hostileBody,
});

function writeRequest({ method, path, type, origin, odd, frame, body }: Shape): Buffer {
  const [length, bytes] = frameBody(frame, body);
  const lines = [`${method} ${path} HTTP/1.1`, "Host: localhost", `Content-Type: ${type}`, ...odd];
  if (origin !== undefined) lines.push(`Origin: ${origin}`);
  if (body.encoding !== undefined) lines.push(`Content-Encoding: ${body.encoding}`);
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n${length}\r\n`, "latin1"), bytes]);
}

const single = shape.map((made): Exchange => {
  const isWhole = made.frame === "length" || made.frame === "chunked";
  return { bytes: writeRequest(made), answers: 1, isWhole, origin: made.origin, isHead: made.method === "HEAD" };
});

/** Several requests in one go, each whole: answers must come in order and none be left out. */
const pipelined = fc
  .array(fc.record({ body: hostileBody, frame: fc.constantFrom("length" as const, "chunked" as const) }), {
    minLength: 2,
    maxLength: 5,
  })
  .map((requests): Exchange => {
    const common = { method: "POST", path: EVENT_PATHS[1] ?? "", type: "text/plain", origin: undefined, odd: [] };
    const bytes = Buffer.concat(requests.map((request) => writeRequest({ ...common, ...request })));
    return { bytes, answers: requests.length, isWhole: true };
  });

const noise = fc
  .uint8Array({ maxLength: 200 })
  .map((bytes): Exchange => ({ bytes: Buffer.from(bytes), answers: 1, isWhole: false }));

/** One exchange: a request of any shape, several in one go, or bytes that are no request at all. */
export const hostileExchange: fc.Arbitrary<Exchange> = fc.oneof(
  { weight: 12, arbitrary: single },
  { weight: 2, arbitrary: pipelined },
  { weight: 1, arbitrary: noise },
);

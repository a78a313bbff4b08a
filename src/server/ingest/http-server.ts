/** The node:http server under everything: its limits and timeouts, and the answer to what is no HTTP request. */
import { createServer, type RequestListener, type Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ERRORS, type ErrorCode, systemErrorCode } from "../../errors.ts";

/** A client that has not sent its headers, or its whole request, in this time is cut off (slowloris). */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 15_000;
/** How often that is looked after: a slow client lives at most so much longer. */
const CHECKING_INTERVAL_MS = 2_000;
/** Longer than the 60 s that nginx keeps an upstream connection, so that it never writes into a closed one. */
const KEEP_ALIVE_MS = 72_000;
/** A connection on which nothing moves either way, as of a client that never reads its answers. */
const IDLE_SOCKET_MS = 120_000;
const MAX_HEADER_BYTES = 16_384;
const MAX_HEADERS = 100;

/** Makes the server; nothing listens yet. Connections past `maxConnections` are closed as they come. */
export function createHttpServer(maxConnections: number, listener: RequestListener): Server {
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECKING_INTERVAL_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      noDelay: true,
    },
    listener,
  );
  // RFC 9110, section 10.1.1 lets a server ignore what it does not expect; Node would answer 417 without a word.
  server.on("checkExpectation", listener);
  server.setTimeout(IDLE_SOCKET_MS);
  server.maxHeadersCount = MAX_HEADERS;
  server.maxConnections = maxConnections;
  return server;
}

const CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ["request_timeout", "the request did not come in time: send it again"],
  HPE_HEADER_OVERFLOW: ["headers_too_large", `the headers are larger than ${MAX_HEADER_BYTES} bytes: send fewer`],
};

/** Answers what the HTTP parser refuses with the documented JSON, after all that came before it, and ends the connection. */
export function answerBrokenRequest(error: Error, socket: Socket): void {
  if (systemErrorCode(error) === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const earlier = unansweredRequest(socket);
  if (earlier === undefined) {
    sendRefusal(error, socket);
    return;
  }
  // Sent now, this answer would be taken for that of an event which may be stored.
  socket.pause();
  earlier.once("finish", () => answerBrokenRequest(error, socket));
}

/** The answer under way to an earlier, whole request of the connection; Node has no public name for it. */
function unansweredRequest(socket: Socket): ServerResponse | undefined {
  const current: unknown = Reflect.get(socket, "_httpMessage");
  return current instanceof ServerResponse && current.req.complete ? current : undefined;
}

function sendRefusal(error: Error, socket: Socket): void {
  const [code, message] = CODES[systemErrorCode(error) ?? ""] ?? ["invalid_request", "this is not an HTTP request"];
  const body = JSON.stringify({ ok: false, error: code, message });
  const status = ERRORS[code].status ?? 400;
  const head = [`HTTP/1.1 ${status} ${REASONS[status] ?? ""}`, "Content-Type: application/json; charset=utf-8"];
  head.push(`Content-Length: ${Buffer.byteLength(body)}`, "Connection: close", "X-Content-Type-Options: nosniff");
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  // A client that goes on sending is not listened to.
  socket.destroySoon();
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};

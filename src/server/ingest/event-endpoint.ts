/**
 * `POST /api/metrics/event` on bare node:http: hands the raw body to the collector and sends its answer. It stands in
 * front of the framework because every event of every visitor passes here (bench/collect.ts); all other routes pass on.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Collector } from "../../collector/collector.ts";
import { PasserbyError } from "../../errors.ts";
import { BOUNDS } from "../../event.ts";
import type { AddressReader } from "../access/client-address.ts";
import type { KeyRing } from "../access/keys.ts";
import { errorAnswer, toPasserbyError } from "../refusals.ts";
import type { LoadGuard } from "./load-guard.ts";
import { readBody } from "./read-body.ts";
import { senderOf } from "./sender-of.ts";

const PATH = "/api/metrics/event";
/** How long what is left of a refused body is read and thrown away, so that the client gets to see the answer. */
const LINGER_MS = 2_000;

export type EventEndpointParts = {
  readonly collector: Collector;
  readonly keys: KeyRing;
  readonly addresses: AddressReader;
  readonly guard: LoadGuard;
  /** Etag of the trackers' config that holds for a request. */
  readonly configEtag: (request: IncomingMessage) => string;
  /** True from the moment on that the server drains: connections are closed with their answer. */
  readonly isClosing: () => boolean;
  /** Called with an error that nobody was told the cause of. */
  readonly onError: (error: Error) => void;
};

type Answer = { readonly status: number; readonly body: unknown; readonly retryAfterSeconds?: number | undefined };

/** Returns a handler that says whether it took the request; OPTIONS it leaves to the framework's CORS. */
export function createEventEndpoint(
  parts: EventEndpointParts,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  return (request, response) => {
    const { url = "", method } = request;
    if (!url.startsWith(PATH) || method === "OPTIONS" || !isEnd(url.charCodeAt(PATH.length))) return false;
    if (method === "POST") takeEvents(request, response, parts);
    else refuseMethod(request, response, parts);
    return true;
  };
}

/** The path ends here or goes on as a query: NaN is the end of the text. */
function isEnd(code: number): boolean {
  return Number.isNaN(code) || code === 0x3f;
}

function takeEvents(request: IncomingMessage, response: ServerResponse, parts: EventEndpointParts): void {
  const { collector, guard } = parts;
  readBody(request, BOUNDS.bodyBytes, (body) => {
    if (body === "cut_off") return;
    if (body === "too_large") return refuseLength(request, response, parts);
    guard.hold(body.length);
    collect(request, body, parts)
      .then((answer) => send(request, response, answer, parts))
      .catch((error: unknown) => {
        const known = toPasserbyError(error);
        if (known.code === "internal_error") parts.onError(known);
        // Everything else the collector has counted itself; a key that is not good never reaches it.
        if (known.code === "key_required") collector.countRefusal("key_required");
        send(request, response, errorAnswer(known), parts);
      })
      .finally(() => guard.hold(-body.length));
  });
}

async function collect(request: IncomingMessage, bytes: Buffer, parts: EventEndpointParts): Promise<Answer> {
  const { url = "", headers } = request;
  const body = await parts.collector.collect({
    body: { bytes, contentType: headers["content-type"], contentEncoding: headers["content-encoding"] },
    sender: senderOf(request, parts),
    isPartial: url.length > PATH.length && new URLSearchParams(url.slice(PATH.length + 1)).get("partial") === "1",
  });
  return { status: 202, body };
}

/** The rest of the body is not wanted: the connection ends after the answer. */
function refuseLength(request: IncomingMessage, response: ServerResponse, parts: EventEndpointParts): void {
  parts.collector.countRefusal("payload_too_large");
  const message = `the body is larger than ${BOUNDS.bodyBytes} bytes: send fewer events at a time`;
  response.setHeader("connection", "close");
  send(request, response, errorAnswer(new PasserbyError("payload_too_large", message)), parts);
  // Closed at once, the kernel would answer what is still coming with a reset, and the client would see no answer.
  request.resume();
  const timer = setTimeout(() => request.destroy(), LINGER_MS);
  request.once("close", () => clearTimeout(timer));
}

function refuseMethod(request: IncomingMessage, response: ServerResponse, parts: EventEndpointParts): void {
  response.setHeader("allow", "POST, OPTIONS");
  send(request, response, errorAnswer(new PasserbyError("method_not_allowed", "send events with POST")), parts);
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer, parts: EventEndpointParts): void {
  if (response.writableEnded || response.destroyed) return;
  const { origin } = request.headers;
  const text = JSON.stringify(answer.body);
  const headers = [
    ...["content-type", "application/json; charset=utf-8", "content-length", String(Buffer.byteLength(text))],
    ...["vary", "Origin", "passerby-config", parts.configEtag(request), "x-content-type-options", "nosniff"],
  ];
  if (origin !== undefined && parts.collector.origins.allows(origin)) {
    headers.push("access-control-allow-origin", origin);
    headers.push("access-control-expose-headers", "Retry-After, ETag, Passerby-Config");
  }
  if (answer.retryAfterSeconds !== undefined) headers.push("retry-after", String(answer.retryAfterSeconds));
  if (parts.isClosing()) headers.push("connection", "close");
  response.writeHead(answer.status, headers);
  response.end(text);
}

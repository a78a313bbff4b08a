/** Sends an answer of the collector's own endpoints: JSON, the headers that every one of them bears, CORS where it is due. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Collector } from "../../collector/collector.ts";

export type AnswerParts = {
  readonly collector: Collector;
  /** True from the moment on that the server drains: connections are closed with their answer. */
  readonly isClosing: () => boolean;
};

export type Answer = {
  readonly status: number;
  /** Sent as JSON; undefined for an answer without a body. */
  readonly body?: unknown;
  readonly retryAfterSeconds?: number | undefined;
  /** Further headers: name, value, name, value, … */
  readonly headers?: readonly string[];
};

const FIRST_ERROR = 400;

/** Sends the answer, unless the client has gone. */
export function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  { collector, isClosing }: AnswerParts,
): void {
  if (response.writableEnded || response.destroyed) return;
  const { origin } = request.headers;
  const { etag } = collector.trackerConfig(request.headers);
  const headers = ["vary", "Origin", "passerby-config", etag, "x-content-type-options", "nosniff"];
  const text = answer.body === undefined ? "" : JSON.stringify(answer.body);
  if (text !== "") {
    headers.push("content-type", "application/json; charset=utf-8", "content-length", String(Buffer.byteLength(text)));
  }
  if (origin !== undefined && collector.origins.allows(origin)) {
    headers.push("access-control-allow-origin", origin);
    headers.push("access-control-expose-headers", "Retry-After, ETag, Passerby-Config");
  }
  if (answer.headers !== undefined) headers.push(...answer.headers);
  // A cache may keep a 404 or a 405 unasked (RFC 9110, section 15.1), and answer the next event with it.
  if (answer.status >= FIRST_ERROR) headers.push("cache-control", "no-store");
  if (answer.retryAfterSeconds !== undefined) headers.push("retry-after", String(answer.retryAfterSeconds));
  if (isClosing()) headers.push("connection", "close");
  response.writeHead(answer.status, headers);
  response.end(text);
}

/** Turns errors into answers: the documented JSON for what we know, a plain internal_error for what we do not. */
import type { FastifyReply } from "fastify";
import { type ErrorCode, PasserbyError } from "../../errors.ts";

/** Seconds after which trying again is worth it, where the error does not say: a full disk or queue is rarely gone sooner. */
const RETRY_AFTER_SECONDS = 5;

/** What a client is told of an error: status, body, and when trying again is worth it, in seconds. */
export type ErrorAnswer = {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterSeconds: number | undefined;
};

/** Returns the documented answer for an error. */
export function errorAnswer(error: PasserbyError): ErrorAnswer {
  const details = error.details.length > 0 ? { details: error.details } : {};
  return {
    status: error.status,
    body: { ok: false, error: error.code, message: error.message, ...details },
    retryAfterSeconds: error.retryable ? (error.retryAfterSeconds ?? RETRY_AFTER_SECONDS) : undefined,
  };
}

/** Sends the documented JSON of an error. */
export function sendError(reply: FastifyReply, error: PasserbyError): FastifyReply {
  const { status, body, retryAfterSeconds } = errorAnswer(error);
  if (retryAfterSeconds !== undefined) reply.header("retry-after", retryAfterSeconds);
  // A cache may keep a 404 or a 405 unasked (RFC 9110, section 15.1).
  return reply.code(status).header("x-content-type-options", "nosniff").header("cache-control", "no-store").send(body);
}

const KNOWN_CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ["payload_too_large", "the body is larger than its limit: send fewer events at a time"],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ["unsupported_media_type", "content type is not known: send application/json"],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ["invalid_request", "Content-Length does not match the body"],
  FST_ERR_CTP_EMPTY_JSON_BODY: ["invalid_request", "the body is empty: send a JSON object"],
  FST_ERR_CTP_INVALID_JSON_BODY: ["invalid_request", "the body is not JSON"],
  FST_ERR_BAD_URL: ["invalid_request", "the path is not valid"],
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: ["invalid_request", "the method needs a content type"],
  // A client that goes away in the middle of a body is nobody's error; nobody reads the answer either.
  ECONNRESET: ["invalid_request", "the request broke off"],
};

/**
 * Returns the error to answer with. Anything unknown becomes `internal_error` with no word about its cause; the caller
 * logs the cause.
 */
export function toPasserbyError(error: unknown): PasserbyError {
  if (error instanceof PasserbyError) return error;
  const known =
    error instanceof Error && "code" in error && typeof error.code === "string" ? KNOWN_CODES[error.code] : undefined;
  if (known !== undefined) return new PasserbyError(known[0], known[1], { cause: error });
  if (isClientError(error)) return new PasserbyError("not_found", "there is nothing here", { cause: error });
  return new PasserbyError("internal_error", "something went wrong here; it is in the server's log", { cause: error });
}

/** A library's word that the request is at fault, such as a path that leads out of the folder of files. */
function isClientError(error: unknown): boolean {
  if (!(error instanceof Error) || !("statusCode" in error)) return false;
  return typeof error.statusCode === "number" && error.statusCode >= 400 && error.statusCode < 500;
}

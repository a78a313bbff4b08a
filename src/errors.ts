/**
 * Every error that Passerby tells somebody about: code, HTTP status, whether trying again can help. Codes are part of
 * the contract and never reused; docs/reference/errors.md is held equal to this table by a test.
 */

/**
 * `status`: HTTP status of the answer, null for an error that only a person at a terminal sees.
 * `retryable`: the same request may succeed later without being changed.
 */
export const ERRORS = {
  invalid_json: { status: 400, retryable: false },
  invalid_event: { status: 400, retryable: false },
  invalid_query: { status: 400, retryable: false },
  invalid_request: { status: 400, retryable: false },
  key_required: { status: 401, retryable: false },
  origin_not_allowed: { status: 403, retryable: false },
  scope_missing: { status: 403, retryable: false },
  not_found: { status: 404, retryable: false },
  method_not_allowed: { status: 405, retryable: false },
  request_timeout: { status: 408, retryable: true },
  payload_too_large: { status: 413, retryable: false },
  unsupported_media_type: { status: 415, retryable: false },
  rate_limited: { status: 429, retryable: true },
  headers_too_large: { status: 431, retryable: false },
  internal_error: { status: 500, retryable: true },
  // Only the edge says so, with 502, 503 or 504: deploy/edge/passerby/errors.conf.
  collector_unavailable: { status: 503, retryable: true },
  log_unavailable: { status: 503, retryable: true },
  store_unavailable: { status: 503, retryable: true },
  stream_unavailable: { status: 503, retryable: true },
  setting_invalid: { status: null, retryable: false },
  data_dir_unusable: { status: null, retryable: false },
  data_dir_owned: { status: null, retryable: false },
  shards_owned: { status: null, retryable: false },
  rotation_paused: { status: null, retryable: false },
  edge_unusable: { status: null, retryable: false },
  log_damaged: { status: null, retryable: false },
  backup_unusable: { status: null, retryable: false },
  port_in_use: { status: null, retryable: false },
  input_unreadable: { status: null, retryable: false },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** Where in a request something is wrong; `path` is a JSON Pointer (RFC 6901) into the event. */
export type ErrorDetail = { readonly index: number; readonly path: string; readonly message: string };

/** An error with a documented code. Its message is safe to show: what was wrong, what came, what to do. */
export class PasserbyError extends Error {
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[];
  /** Seconds after which trying again is worth it, where that is known; only for a retryable code. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly details?: readonly ErrorDetail[];
      readonly retryAfterSeconds?: number;
    } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "PasserbyError";
    this.code = code;
    this.details = options.details ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** HTTP status of the answer; 500 for an error that was never meant to reach a client. */
  get status(): number {
    return ERRORS[this.code].status ?? 500;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

/** The code of an error made by the operating system (`ENOENT`, `EADDRINUSE`), or undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** One line about any thrown value, for a log or a terminal. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

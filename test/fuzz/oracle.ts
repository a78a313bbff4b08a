/** What must hold for every answer of the server, whatever was sent. */
import { expect } from "vitest";
import { ERRORS, type ErrorCode } from "../../src/errors.ts";
import type { RawAnswer } from "./raw-connection.ts";

export const ALLOWED_ORIGIN = "https://example.com";

const SUCCESSES = [200, 202, 204, 304];
/** Paths of modules, frames of a stack, and words that only the code of a server uses. */
const INTERNALS = /node:internal|node_modules|\.ts\b|\.js:\d|\n\s+at |FST_ERR|TypeError|RangeError|SyntaxError|\/tmp\//;

export type Expected = {
  /** The `Origin` that was sent, undefined when none was or more than one. */
  readonly origin: string | undefined;
  /** True where the answer may have no body because the method was HEAD. */
  readonly isHead: boolean;
};

/** Checks one answer; returns the number of events that it says are stored. */
export function checkAnswer(answer: RawAnswer, expected: Expected): number {
  const { status, body, headers } = answer;
  expect(body).not.toMatch(INTERNALS);
  expect(JSON.stringify(headers)).not.toMatch(/fastify|node\.js|express/i);
  expect(headers["access-control-allow-credentials"]).toBeUndefined();
  const allowed = headers["access-control-allow-origin"];
  // The tracker's scripts are for every page.
  if (allowed === "*") expect(headers["content-type"]).toMatch(/^text\/javascript/);
  else if (allowed !== undefined) {
    expect({ allowed, sent: expected.origin }).toEqual({ allowed: ALLOWED_ORIGIN, sent: ALLOWED_ORIGIN });
    expect(headers["vary"]).toMatch(/\bOrigin\b/);
  }
  if (SUCCESSES.includes(status)) return status === 202 ? checkStored(body) : 0;
  checkError(answer, expected.isHead);
  return 0;
}

function checkStored(body: string): number {
  const answer: Record<string, unknown> = JSON.parse(body);
  const { stored } = answer;
  expect(answer).toMatchObject({ ok: true, file: stored === 0 ? null : "metrics.jsonl" });
  if (typeof stored !== "number") throw new Error(`no count of what was stored: ${body}`);
  return stored;
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(ERRORS, code);
}

function checkError({ status, headers, body }: RawAnswer, isHead: boolean): void {
  // Node itself answers a request without Host so; RFC 9112, section 3.2 asks for the status and nothing else.
  if (status === 400 && headers["transfer-encoding"] === "chunked" && body === "") return;
  expect(headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(headers["x-content-type-options"]).toBe("nosniff");
  if (isHead && body === "") return;
  const answer: Record<string, unknown> = JSON.parse(body);
  const { error } = answer;
  if (!isErrorCode(error)) throw new Error(`an error that is not documented: ${body}`);
  expect(answer).toMatchObject({ ok: false, message: expect.any(String) });
  expect(status).toBe(ERRORS[error].status);
  // What went wrong here is never the client's doing, except that there may be too much of it.
  if (status >= 500) expect(status).toBe(503);
}

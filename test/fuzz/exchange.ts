/** One hostile exchange with a real server: bytes out, answers in, and everything that must hold afterwards. */
import { expect } from "vitest";
import type { TestServer } from "../support/test-server.ts";
import type { LogGrowth } from "./log-growth.ts";
import { checkAnswer } from "./oracle.ts";
import { openRaw, type Received } from "./raw-connection.ts";

export type Exchange = {
  readonly bytes: Buffer;
  /** Answers that these bytes may get at most, one more apart for what follows them and is no request. */
  readonly answers: number;
  /** True when the bytes say themselves where they end: then each request is answered, however long that takes. */
  readonly isWhole: boolean;
  readonly origin?: string | undefined;
  readonly isHead?: boolean | undefined;
};

/** No answer for so long means that the server waits for more, or for ever. */
const QUIET_MS = { open: 60, whole: 10_000 } as const;
/** A client that has said it is done gets its connection closed by then, however slow the machine. */
const CLOSE_MS = 10_000;
const SENTINEL = "fuzz_sentinel";

/** Sends the bytes, reads what comes, and checks answers, log and prototypes; an error names the bytes. */
export async function runExchange(server: TestServer, log: LogGrowth, exchange: Exchange): Promise<Received> {
  try {
    return await exchangeAndCheck(server, log, exchange);
  } catch (cause) {
    throw new Error(
      `after ${JSON.stringify(exchange.bytes.toString("latin1").replaceAll("\0", "").slice(0, 1000))}: ${cause}`,
      { cause },
    );
  }
}

async function exchangeAndCheck(server: TestServer, log: LogGrowth, exchange: Exchange): Promise<Received> {
  const connection = await openRaw(server.url, { isHead: exchange.isHead === true });
  connection.send(exchange.bytes);
  let seen = await connection.settle(exchange.answers, exchange.isWhole ? QUIET_MS.whole : QUIET_MS.open);
  const isUnsettled = !seen.isClosed && seen.answers.length < exchange.answers;
  if (exchange.isWhole && isUnsettled)
    throw new Error(`only ${seen.answers.length} of ${exchange.answers} answers came`);
  if (!seen.isClosed) connection.socket.end();
  seen = await connection.closed(CLOSE_MS);
  connection.socket.destroy();
  // Whatever the end of the connection may have let through has come into the log before this.
  if (isUnsettled) await postSentinel(server);

  const { origin, isHead = false } = exchange;
  const answers = seen.answers.map((answer) => checkAnswer(answer, { origin, isHead }));
  expect(seen.rest).toMatch(/^$|^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n/);
  const stored = answers.reduce((sum, count) => sum + count, 0);
  const lines = log.take().filter(({ event }) => event !== SENTINEL);
  expect({ lines: lines.length, answers: seen.answers }).toEqual({ lines: stored, answers: seen.answers });
  expect(seen.answers.length).toBeLessThanOrEqual(exchange.answers + 1);
  expect(Object.keys(Object.prototype)).toEqual([]);
  // What a stranger sends may be worth a warning to the operator, but is never an error of ours.
  expect(server.warnings.filter((warning) => /internal error|\n\s+at /.test(warning))).toEqual([]);
  return seen;
}

async function postSentinel({ url }: TestServer): Promise<void> {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ event: SENTINEL });
  const response = await fetch(`${url}/api/metrics/event`, { method: "POST", headers, body });
  expect(await response.json()).toMatchObject({ stored: 1 });
}

/** Checks that the server is well and takes an event. */
export async function checkHealth(server: TestServer): Promise<void> {
  const response = await fetch(`${server.url}/api/metrics/health`);
  expect(await response.json()).toMatchObject({ status: "healthy" });
  await postSentinel(server);
}

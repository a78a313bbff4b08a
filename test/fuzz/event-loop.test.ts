/** No body within the caps keeps the event loop of a real server, and with it every other visitor, for 50 ms on an ordinary machine. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { brotliCompressSync, constants } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BOUNDS } from "../../src/event.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { COSTLY_BODIES } from "./costly-bodies.ts";

/** On a machine that parses `REFERENCE` in `REFERENCE_MS`, by definition; slower ones may take longer in proportion. */
const LONGEST_BLOCK_MS = 50;
const REFERENCE = JSON.stringify(Array.from({ length: 20_000 }, (_, index) => ({ k: `key${index}`, v: index })));
const REFERENCE_MS = 3;
/** Other programs of the machine take their turns, too: what the body costs is what it costs every time. */
const ATTEMPTS = 5;

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ settings: { METRICS_RATE_LIMIT: "0" } });
});
afterAll(() => server.close());

type Measured = { readonly code: string; readonly blockedMs: number };

/** Posts a body and measures the longest time for which the loop did nothing else; server and test share one loop. */
async function measurePost(body: Buffer): Promise<Measured> {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const response = await fetch(`${server.url}/api/metrics/event`, {
    method: "POST",
    headers: { "content-type": "application/json", "content-encoding": "br" },
    body: new Uint8Array(body),
  });
  const answer: Record<string, unknown> = await response.json().then(Object);
  delays.disable();
  const code = response.status === 202 ? "stored" : String(answer["error"]);
  return { code, blockedMs: delays.max / 1e6 };
}

/** How many times slower this machine is now, at least 1. */
function measureSlowness(): number {
  const began = performance.now();
  JSON.parse(REFERENCE);
  return Math.max(1, (performance.now() - began) / REFERENCE_MS);
}

describe("a body that costs the most for its size", () => {
  it.each(COSTLY_BODIES)("is answered and holds nobody up: %s", async (_what, text, expected) => {
    expect(text.length).toBeLessThanOrEqual(BOUNDS.inflatedBytes);
    const body = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
    expect(body.length).toBeLessThanOrEqual(BOUNDS.bodyBytes);
    let shortestMs = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < ATTEMPTS && shortestMs >= LONGEST_BLOCK_MS / 2; attempt += 1) {
      const slowness = measureSlowness();
      const { code, blockedMs } = await measurePost(body);
      expect(code).toBe(expected);
      shortestMs = Math.min(shortestMs, blockedMs / slowness);
    }
    expect(shortestMs).toBeLessThan(LONGEST_BLOCK_MS);
  });

  it("of levels inside each other is refused by name and with its limit", async () => {
    const response = await fetch(`${server.url}/api/metrics/event`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "[".repeat(BOUNDS.bodyBytes),
    });
    expect(response.status).toBe(400);
    const message = "the body nests more than 32 levels deep: flatten it";
    expect(await response.json()).toEqual({ ok: false, error: "invalid_json", message });
  });
});

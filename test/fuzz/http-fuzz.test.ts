/** Whatever is sent, a real server answers as documented, stays up, and stores what it says and nothing else. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sharedData } from "../means.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { checkHealth, runExchange } from "./exchange.ts";
import { hostileExchange } from "./hostile-requests.ts";
import { followLog, type LogGrowth } from "./log-growth.ts";
import { ALLOWED_ORIGIN } from "./oracle.ts";

const FUZZ_MS = process.env["CI"] ? 60_000 : 10_000;
/** A seed from the environment repeats a run. */
const SEED = Number(process.env["PASSERBY_SEED"] ?? Date.now() % 1_000_000);

let server: TestServer;
let log: LogGrowth;

beforeAll(async () => {
  server = await startTestServer({ settings: { METRICS_RATE_LIMIT: "0", ALLOWED_ORIGINS: ALLOWED_ORIGIN } });
  log = followLog(server.dataDir);
});
afterAll(() => server.close());

describe("a server that anything is sent to", () => {
  it(
    `answers as documented for ${FUZZ_MS / 1000} s`,
    async () => {
      let exchanges = 0;
      const statuses = new Map<number, number>();
      const property = fc.asyncProperty(hostileExchange, async (exchange) => {
        const { answers } = await runExchange(server, log, exchange);
        for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
        exchanges += 1;
        if (exchanges % 100 === 0) await checkHealth(server);
      });
      console.log(`seed ${SEED}: repeat with PASSERBY_SEED=${SEED}`);
      await fc.assert(property, {
        seed: SEED,
        numRuns: 1_000_000,
        interruptAfterTimeLimit: FUZZ_MS,
        markInterruptAsFailure: false,
      });
      await checkHealth(server);
      console.log(`${exchanges} exchanges; answers by status: ${JSON.stringify(Object.fromEntries(statuses))}`);
      expect(statuses.get(202)).toBeGreaterThan(exchanges / 20);
      expect(statuses.get(400)).toBeGreaterThan(exchanges / 20);
    },
    FUZZ_MS * 3,
  );
});

const parsing = sharedData("json_parsing.jsonl");

describe.skipIf(parsing === undefined)("the JSON test suite over HTTP [needs shared data]", () => {
  it("is answered as documented, case by case, and nothing of it is stored", async () => {
    const cases = readFileSync(parsing ?? "", "utf8")
      .trim()
      .split("\n");
    for (const line of cases) {
      const { name, b64 }: { readonly name: string; readonly b64: string } = JSON.parse(line);
      const body = Buffer.from(b64, "base64");
      const head = `POST /api/metrics/event HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`;
      const seen = await runExchange(server, log, {
        bytes: Buffer.concat([Buffer.from(head), body]),
        answers: 1,
        isWhole: true,
      });
      expect([name, seen.answers.map(({ status }) => status)]).toEqual([name, [400]]);
    }
  });
});

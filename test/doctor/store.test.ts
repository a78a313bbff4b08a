/** The oldest day that answers count, asked of a real collector whose log was begun long ago. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Clock } from "../../src/clock.ts";
import { systemClock } from "../../src/clock.ts";
import type { Finding } from "../../src/doctor/check.ts";
import { openInputs } from "../../src/doctor/inputs.ts";
import { runChecks } from "../../src/doctor/run-checks.ts";
import { runCommand } from "../support/command.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { type Deployment, makeGoodDeployment } from "./good-deployment.ts";

const DAY_MS = 86_400_000;
const SITES = { ALLOWED_ORIGINS: "https://example.com", METRICS_RETENTION_DAYS: "30" };

describe("the oldest event in the store", () => {
  let server: TestServer;
  let deployment: Deployment;
  let key: string;
  let dataDir: string;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), "passerby-store-check-"));
    // Received twenty days ago, as far as the collector knows.
    const past: Clock = { ...systemClock, now: () => systemClock.now() - 20 * DAY_MS };
    const before = await startTestServer({ dataDir, clock: past, settings: SITES });
    await fetch(`${before.url}/api/metrics/event`, { method: "POST", headers: JSON_TYPE, body: '{"event":"signup"}' });
    await before.stop();
    server = await startTestServer({ dataDir, settings: SITES });
    const made = await runCommand(["key", "create", "--scope", "read", "--json", "--data-dir", dataDir]);
    key = JSON.parse(made.stdout).key;
    deployment = makeGoodDeployment({ url: new URL(server.url), key });
  });
  afterAll(async () => {
    deployment?.remove();
    await server?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const examine = async (nowMs: number = systemClock.now()): Promise<Finding | undefined> => {
    const given = openInputs(deployment.options, () => nowMs);
    const [result] = await runChecks(given, { isAsked: ({ id }) => id === "rotation.oldest-in-store" });
    return result?.finding;
  };

  it("is within the retention", async () => {
    await expect
      .poll(() => examine())
      .toMatchObject({
        verdict: "pass",
        evidence: [
          {
            what: "oldest day of example.com",
            found: new Date(systemClock.now() - 20 * DAY_MS).toISOString().slice(0, 10),
          },
          {},
        ],
      });
  });

  it("is told when it is older, with what may be right about it", async () => {
    expect(await examine(systemClock.now() + 12 * DAY_MS)).toMatchObject({
      verdict: "warn",
      remedy: { text: expect.stringContaining("imports") },
    });
  });
});

const JSON_TYPE = { "content-type": "application/json" };

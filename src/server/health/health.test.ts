/** Health of real parts: when it is degraded, what it warns of, and how often it logs that. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../clock.ts";
import { readSettings } from "../../config.ts";
import { createRing } from "../../live/ring.ts";
import { type Log, openLog } from "../../log/log.ts";
import { type AddressReader, trustProxies } from "../access/client-address.ts";
import { type Health, openHealth } from "./health.ts";
import { startLoopLag } from "./loop-lag.ts";
import { createRequestMeter, type RequestMeter } from "./request-meter.ts";
import { openServerLog } from "./server-log.ts";

const clock = systemClock;

let dataDir: string;
let log: Log;
let meter: RequestMeter;
let addresses: AddressReader;
let written: PassThrough;
let health: Health;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "passerby-health-"));
  log = await openLog({ dataDir, clock, durability: "fsync", maxQueueBytes: 65_536 });
  meter = createRequestMeter(clock.monotonicMs);
  addresses = trustProxies([], { clock, onWarning: () => undefined });
  written = new PassThrough();
  health = await openHealth({
    settings: readSettings({ METRICS_DATA_DIR: dataDir }),
    clock,
    meter,
    serverLog: openServerLog({ level: "info", clock, output: written }),
    log,
    disk: { state: () => ({ level: "ok", space: undefined }) },
    ring: createRing(7),
    store: null,
    addresses,
    readOutcomes: () => [],
    rates: () => ({ server: 1, tracker: null }),
    isBraked: () => false,
    isLogging: true,
  });
});
afterEach(async () => {
  health.close();
  await log.close();
  rmSync(dataDir, { recursive: true, force: true });
});

function warned(): readonly string[] {
  const lines = String(written.read() ?? "").split("\n");
  return lines.filter((line) => line !== "").map((line) => String(JSON.parse(line).msg));
}

describe("health", () => {
  it("is healthy while the log takes events, and degraded with a reason when it does not", async () => {
    const parts = { ring_size: 0, ring_capacity: 7, file_exists: true, warnings: expect.any(Array) };
    expect(health.answer()).toEqual({ status: "healthy", ...parts });
    await log.close();
    expect(health.answer()).toEqual({ status: "degraded", reasons: ["the log is closing"], ...parts });
  });

  it("stays healthy with a warning, and logs it when its words change", () => {
    addresses.read("192.0.2.1", { "x-forwarded-for": "198.51.100.7" });
    const { status, warnings } = health.answer();
    expect([status, warnings]).toEqual([
      "healthy",
      expect.arrayContaining([expect.stringContaining("1 requests bore")]),
    ]);
    health.logWarnings();
    expect(warned()).toEqual(warnings);
    health.logWarnings();
    expect(warned()).toEqual([]);
    addresses.read("192.0.2.1", { "x-forwarded-for": "198.51.100.7" });
    health.logWarnings();
    expect(warned()).toEqual([expect.stringContaining("2 requests bore")]);
  });

  it("gives numbers that survive being sent to another process", () => {
    const numbers = health.takeNumbers();
    expect(structuredClone(numbers)).toEqual(numbers);
    expect(JSON.parse(JSON.stringify(numbers))).toEqual(numbers);
  });
});

describe("the event loop's lag", () => {
  it("is that of a loop that was blocked, without the pause between two looks", async () => {
    const lag = startLoopLag();
    expect(lag.read()).toEqual({ p99Ms: 0, maxMs: 0 });
    const wasSeen = (): boolean => {
      lag.roll();
      // The first look of a window only sets its beginning.
      if (lag.read().maxMs <= 250) setTimeout(blockLoop, 100);
      return lag.read().maxMs > 250;
    };
    await vi.waitUntil(wasSeen, { interval: 500, timeout: 10_000 });
    expect(lag.read().maxMs).toBeLessThan(3_000);
    lag.stop();
  });
});

function blockLoop(): void {
  const until = clock.monotonicMs() + 300;
  while (clock.monotonicMs() < until);
}

/** An idle log at the end of a day: its file is sealed once the clock shows another day, and not before. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clockAt, type MovedClock } from "../../test/fault/ledger-fixtures.ts";
import { makeFolder, openTestLog, readLog } from "../../test/fault/log-fixtures.ts";
import { makeEvent } from "../../test/fault/make-event.ts";
import type { Log } from "../log/log.ts";
import { sealPastDay } from "./seal-past-day.ts";

const DAY_MS = 86_400_000;

let dataDir: string;
let clock: MovedClock;
let log: Log;

beforeEach(async () => {
  dataDir = makeFolder();
  clock = clockAt("2026-11-23T23:59:59.999Z");
  log = await openTestLog(dataDir);
});
afterEach(() => log.close());

async function names(): Promise<readonly string[]> {
  return (await readLog(dataDir)).files.map(({ name }) => name);
}

describe("the file of an idle log", () => {
  it("is sealed when the UTC day of its first line is over, and once only", async () => {
    await log.append([makeEvent("1", { receivedAt: "2026-11-23T09:00:00.000Z" })]);
    await sealPastDay(log, clock);
    expect(await names()).toEqual(["metrics.jsonl"]);
    clock.move(1);
    await sealPastDay(log, clock);
    await sealPastDay(log, clock);
    expect(await names()).toEqual(["metrics-2026-11-23.1.jsonl", "metrics.jsonl"]);
  });

  it("stays as it is when nothing is in it, or the clock was set back to the day before", async () => {
    await sealPastDay(log, clock);
    await log.append([makeEvent("1", { receivedAt: "2026-11-24T00:00:00.000Z" })]);
    await sealPastDay(log, clock);
    expect(await names()).toEqual(["metrics.jsonl"]);
    clock.move(-DAY_MS);
    await sealPastDay(log, clock);
    expect(await names()).toEqual(["metrics-2026-11-24.1.jsonl", "metrics.jsonl"]);
  });

  it("that cannot be sealed now is left for the next time, without an error", async () => {
    await log.append([makeEvent("1")]);
    clock.move(DAY_MS);
    const status = log.status();
    await log.close();
    await expect(sealPastDay({ status: () => status, seal: log.seal }, clock)).resolves.toBeUndefined();
  });
});

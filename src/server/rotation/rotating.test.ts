/** The server's own rotation: it does what `passerby rotate` would, and leaves it to that where it runs. */
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { makeFolder } from "../../../test/fault/log-fixtures.ts";
import { linesOf } from "../../../test/fault/rotate-fixtures.ts";
import { readAsker } from "../../change-note.ts";
import { ROTATION_SOCKET, serveCommands } from "../../log/owner/control-channel.ts";
import { writePause } from "../../log/rotate/pause.ts";
import { startRotating } from "./rotating.ts";

const OLD = "metrics-2020-01-01.1.jsonl";

const LIMITS = { retentionDays: 30, maxShardMb: 64 };

function makeOldFolder(): string {
  const dataDir = makeFolder();
  writeFileSync(join(dataDir, OLD), linesOf("2020-01-01", "old"));
  return dataDir;
}

it("runs in a process of its own, says what it did, and leaves its report for health", async () => {
  const dataDir = makeOldFolder();
  const info = vi.fn();
  const warn = vi.fn();
  const stop = startRotating({ dataDir, ...LIMITS, serverLog: { info, warn }, firstAfterMs: 0 });
  await vi.waitFor(() => expect(info).toHaveBeenCalledOnce(), { timeout: 10_000 });
  expect(info).toHaveBeenCalledWith("rotated", expect.objectContaining({ deleted: 1, compressed: 0, after: 0 }));
  const state = JSON.parse(readFileSync(join(dataDir, "rotator.json"), "utf8"));
  expect(state).toMatchObject({ flags: { interval_seconds: 300, delete_after_days: 30 }, errors: [] });
  expect(state.pid).not.toBe(process.pid);
  await stop();
  expect(readdirSync(dataDir)).toEqual(["manifest.json", "rotator.json"]);
  expect(warn).not.toHaveBeenCalled();
});

it("does nothing while a passerby rotate is there", async () => {
  const dataDir = makeOldFolder();
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const hello = async (): Promise<string> => {
    resolve();
    return "owner";
  };
  const rotator = serveCommands(() => ({ hello })).listen(join(dataDir, ROTATION_SOCKET));
  await once(rotator, "listening");
  const serverLog = { info: vi.fn(), warn: vi.fn() };
  const stop = startRotating({ dataDir, ...LIMITS, serverLog, firstAfterMs: 0 });
  await asked;
  await stop();
  await new Promise((closed) => rotator.close(closed));
  expect(readdirSync(dataDir)).toEqual([OLD]);
  expect([serverLog.info.mock.calls, serverLog.warn.mock.calls]).toEqual([[], []]);
});

it("does nothing while the rotation is paused, and says so once; it goes on after a restart that finds it resumed", async () => {
  const dataDir = makeOldFolder();
  const pause = { paused: true, until: null, at: "2026-11-24T12:00:00.000Z", who: readAsker(), why: "a look" };
  for (const paused of [true, false]) {
    writePause(dataDir, { ...pause, paused });
    const [info, warn] = [vi.fn(), vi.fn()];
    const stop = startRotating({ dataDir, ...LIMITS, serverLog: { info, warn }, firstAfterMs: 0 });
    const [told, untold] = paused ? [warn, info] : [info, warn];
    await vi.waitFor(() => expect(told).toHaveBeenCalledOnce(), { timeout: 10_000 });
    await stop();
    if (paused)
      expect(warn).toHaveBeenCalledWith(expect.stringMatching(/^the rotator: the rotation is paused .*: a look;/));
    expect(untold).not.toHaveBeenCalled();
    expect(readdirSync(dataDir).includes(OLD)).toBe(paused);
  }
});

it("warns once why it cannot", async () => {
  const dataDir = makeOldFolder();
  writeFileSync(join(dataDir, "manifest.json"), "{");
  const warn = vi.fn();
  const stop = startRotating({ dataDir, ...LIMITS, serverLog: { info: vi.fn(), warn }, firstAfterMs: 0 });
  await vi.waitFor(() => expect(warn).toHaveBeenCalledOnce(), { timeout: 10_000 });
  await stop();
  expect(warn).toHaveBeenCalledWith(expect.stringMatching(/^the rotator: .*manifest.json is not a manifest of ours/));
});

it.each([0, 10, 40, 80, 120, 160, 250])("ends with the server, %i ms after a run has begun", async (afterMs) => {
  const dataDir = makeOldFolder();
  const serverLog = { info: vi.fn(), warn: vi.fn() };
  const stop = startRotating({ dataDir, ...LIMITS, serverLog, firstAfterMs: 0 });
  await setTimeout(afterMs);
  const begun = performance.now();
  await stop();
  // It has the lowest priority: beside a busy machine its start alone takes seconds. What must not be is for ever.
  expect(performance.now() - begun).toBeLessThan(20_000);
  expect(serverLog.warn).not.toHaveBeenCalled();
});

/** A pause of the rotation: what is kept of it, and that no run goes on beside it. */
import { chownSync, existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder } from "../../../test/fault/log-fixtures.ts";
import { linesOf, rotateOptions } from "../../../test/fault/rotate-fixtures.ts";
import { systemClock } from "../../clock.ts";
import { claimShards } from "../owner/ownership.ts";
import { PAUSE_FILE, pauseInForce, type RotationPause, readPause, writePause } from "./pause.ts";
import { pauseRotation } from "./pause-rotation.ts";
import { rotateOnce } from "./rotator.ts";

const who = { uid: 1000, user: "owner", pid: 4711 };
const PAUSE: RotationPause = { paused: true, until: null, at: "2026-11-24T12:00:00.000Z", who, why: "a test" };

describe("rotation-pause.json", () => {
  it("says what was set, for its owner's eyes only, and nothing where nobody set anything", () => {
    const dataDir = makeFolder();
    expect(readPause(dataDir)).toBeUndefined();
    for (const pause of [PAUSE, { ...PAUSE, paused: false, why: null }, { ...PAUSE, until: PAUSE.at }]) {
      writePause(dataDir, pause);
      expect(readPause(dataDir)).toEqual(pause);
    }
    expect(statSync(join(dataDir, PAUSE_FILE)).mode & 0o777).toBe(0o600);
  });

  it.each([
    "",
    "{}",
    '{"v":1',
    JSON.stringify({ v: 2, ...PAUSE }),
    JSON.stringify({ v: 1, ...PAUSE, until: "soon" }),
    JSON.stringify({ v: 1, ...PAUSE, paused: "no" }),
  ])("that holds %j stops every run, and can be written anew", async (text) => {
    const dataDir = makeFolder();
    writeFileSync(join(dataDir, PAUSE_FILE), text);
    const refused = expect.objectContaining({ code: "data_dir_unusable" });
    await expect(rotateOnce(rotateOptions(dataDir))).rejects.toEqual(refused);
    writePause(dataDir, { ...PAUSE, paused: false });
    expect((await rotateOnce(rotateOptions(dataDir))).errors).toEqual([]);
  });

  it("holds until its end, and not at it", () => {
    const until = "2026-11-24T13:00:00.000Z";
    const endMs = Date.parse(until);
    expect(pauseInForce({ ...PAUSE, until }, endMs - 1)).toMatchObject({ until });
    expect(pauseInForce({ ...PAUSE, until }, endMs)).toBeUndefined();
    expect(pauseInForce(PAUSE, Number.MAX_SAFE_INTEGER)).toBe(PAUSE);
    expect(pauseInForce({ ...PAUSE, paused: false }, endMs)).toBeUndefined();
  });

  it.skipIf(process.getuid?.() !== 0)("is the folder's owner's though the superuser wrote it [needs root]", () => {
    const dataDir = makeFolder();
    chownSync(dataDir, 12_345, 12_346);
    writePause(dataDir, PAUSE);
    expect(statSync(join(dataDir, PAUSE_FILE))).toMatchObject({ uid: 12_345, gid: 12_346 });
  });

  it("that cannot be written is told of, and changes nothing", () => {
    const dataDir = makeFolder();
    const gone = join(dataDir, "gone");
    expect(() => writePause(gone, PAUSE)).toThrow(expect.objectContaining({ code: "data_dir_unusable" }));
    expect(existsSync(gone)).toBe(false);
  });
});

describe("a pause", () => {
  it("begins when nobody works on the shards any more", async () => {
    const dataDir = makeFolder();
    const claim = await claimShards(dataDir, systemClock);
    let isPaused = false;
    const common = { dataDir, clock: systemClock, forMs: null, who, why: null };
    const pausing = pauseRotation({ ...common, paused: true }).then((outcome) => {
      isPaused = true;
      return outcome;
    });
    // It is on disk at once, so that no run begins meanwhile.
    expect(readPause(dataDir)).toMatchObject({ paused: true });
    expect(isPaused).toBe(false);
    await claim.release();
    expect(await pausing).toMatchObject({ isBusy: false, pause: { paused: true } });
    await expect(rotateOnce(rotateOptions(dataDir))).rejects.toMatchObject({ code: "rotation_paused" });
  });

  it("ends a run that is under way after the step it is at, and the next run does the rest", async () => {
    const dataDir = makeFolder();
    const days = ["2026-11-10", "2026-11-11", "2026-11-12"];
    for (const day of days) writeFileSync(join(dataDir, `metrics-${day}.1.jsonl`), linesOf(day, "a"));
    const packed = (): number => readdirSync(dataDir).filter((name) => name.endsWith(".jsonl.gz")).length;
    const onStep = (): void => {
      if (packed() === 1) writePause(dataDir, PAUSE);
    };
    const { counts, errors, warnings } = await rotateOnce(rotateOptions(dataDir, { onStep }));
    expect([counts.compressed, errors, packed()]).toEqual([1, [], 1]);
    expect(warnings).toEqual([expect.stringMatching(/^the rest of this run is left out: .*\(uid 1000, .*: a test$/)]);
    writePause(dataDir, { ...PAUSE, paused: false });
    expect((await rotateOnce(rotateOptions(dataDir))).counts.compressed).toBe(2);
  });
});

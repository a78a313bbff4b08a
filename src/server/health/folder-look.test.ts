/** The look at the data directory, over real folders. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PAUSE_FILE, writePause } from "../../log/rotate/pause.ts";
import { ROTATOR_FILE } from "../../log/rotate/rotator-state.ts";
import { lookAtFolder } from "./folder-look.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "passerby-look-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a look at the data directory", () => {
  it("adds up finished files of the log by kind, and nothing else", async () => {
    const files = {
      "metrics-2026-11-23.1.jsonl": 10,
      "metrics-2026-11-23.2.jsonl": 5,
      "metrics-import-old-1.jsonl": 3,
    };
    for (const [name, bytes] of Object.entries({ ...files, "metrics.jsonl": 100, "other.jsonl": 1000 })) {
      writeFileSync(join(folder, name), "x".repeat(bytes));
    }
    expect(await lookAtFolder(folder)).toMatchObject({ sealedBytes: 15, importBytes: 3 });
  });

  it("reads the rotator's report", async () => {
    const time = '"2026-11-24T12:00:00.000Z"';
    const text = `{"last_run":${time},"last_success":${time},"flags":{"interval_seconds":300}}`;
    writeFileSync(join(folder, ROTATOR_FILE), text);
    const lastSuccessAt = Date.UTC(2026, 10, 24, 12);
    expect((await lookAtFolder(folder)).rotator).toEqual({ lastSuccessAt, intervalMs: 300_000 });
  });

  it("reads what was said about the rotation, and takes what cannot be read for nothing", async () => {
    const who = { uid: 0, user: "root", pid: 1 };
    const pause = { paused: true, until: null, at: "2026-11-24T12:00:00.000Z", who, why: "a disk to be moved" };
    writePause(folder, pause);
    expect((await lookAtFolder(folder)).pause).toEqual(pause);
    writeFileSync(join(folder, PAUSE_FILE), "{");
    expect((await lookAtFolder(folder)).pause).toBeUndefined();
  });

  it.each(["", "null", "[]", '{"last_run":"soon","last_success":null,"flags":{"interval_seconds":300}}', "{}"])(
    "takes the report %j for none",
    async (text) => {
      writeFileSync(join(folder, ROTATOR_FILE), text);
      expect((await lookAtFolder(folder)).rotator).toBeUndefined();
    },
  );

  it("sees nothing, and does not throw, where there is no folder", async () => {
    expect(await lookAtFolder(join(folder, "gone"))).toEqual({
      sealedBytes: 0,
      importBytes: 0,
      rotator: undefined,
      pause: undefined,
    });
  });
});

/** A log that is sealed while it is appended to: every line in one shard, in order, under the name of its day. */
import { mkdirSync, readdirSync, renameSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { auditLog, NOTHING_WRONG } from "../../test/fault/audit.ts";
import { idOf, makeFolder, openTestLog, readLog } from "../../test/fault/log-fixtures.ts";
import { makeEvent } from "../../test/fault/make-event.ts";
import type { AcceptedEvent } from "../event.ts";
import { isStoredEvent } from "./read/decode-line.ts";
import { readEvents } from "./read/read-lines.ts";

let dataDir: string;

beforeEach(() => {
  dataDir = makeFolder();
});

function receivedOn(day: string, id: string): AcceptedEvent {
  return makeEvent(id, { receivedAt: `${day}T00:00:00.000Z` });
}

/** Ids by file, in the order of the log. */
async function idsByFile(): Promise<Readonly<Record<string, unknown>>> {
  const { files } = await readLog(dataDir);
  const found: Record<string, unknown> = {};
  for (const { name, path } of files) {
    const ids: unknown[] = [];
    for await (const { decoded } of readEvents(path)) ids.push(isStoredEvent(decoded) ? idOf(decoded) : decoded);
    found[name] = ids;
  }
  return found;
}

describe("a seal on request", () => {
  it("gives a name to what was acknowledged, and begins a file without a gap in the numbers", async () => {
    const log = await openTestLog(dataDir);
    const first = await log.append([makeEvent("1"), makeEvent("2")]);
    expect(await log.seal()).toBe("metrics-2026-11-23.1.jsonl");
    expect(log.status()).toMatchObject({ accepting: true, file: "metrics.jsonl", fileBytes: 0, fileDay: undefined });
    const second = await log.append([makeEvent("3")]);
    expect(second).toEqual({ ...first, firstSeq: 2 });
    expect(log.status()).toMatchObject({ fileDay: "2026-11-23", fileExists: true });
    expect(await log.seal()).toBe("metrics-2026-11-23.2.jsonl");
    expect(await idsByFile()).toEqual({
      "metrics-2026-11-23.1.jsonl": ["1", "2"],
      "metrics-2026-11-23.2.jsonl": ["3"],
      "metrics.jsonl": [],
    });
  });

  it("makes no shard of a file in which nothing is", async () => {
    const log = await openTestLog(dataDir);
    expect(await log.seal()).toBeUndefined();
    await log.append([makeEvent("1")]);
    expect(await Promise.all([log.seal(), log.seal()])).toEqual(["metrics-2026-11-23.1.jsonl", undefined]);
    expect(readdirSync(dataDir).sort()).toEqual(["collector.sock", "metrics-2026-11-23.1.jsonl", "metrics.jsonl"]);
  });

  it("loses, doubles and reorders nothing when appends go on all the time", async () => {
    const log = await openTestLog(dataDir);
    const sent = Array.from({ length: 2_000 }, (_, number) => `${number}`);
    const left = sent.values();
    // Each takes the next when its last is on disk, so that appends are under way from the first seal to the last.
    const appends = Array.from({ length: 8 }, async () => {
      for (const id of left) await log.append([makeEvent(id)]);
    });
    let shards = 0;
    let sealing = Promise.resolve(false);
    const all = Promise.all(appends).then(() => true);
    const sealAgain = (): Promise<boolean> => {
      sealing = log.seal().then(() => false);
      return sealing;
    };
    while (!(await Promise.race([all, sealAgain()]))) shards++;
    // The last one has begun: who reads files one by one must not have them renamed meanwhile.
    await sealing;
    expect((await auditLog(dataDir, { sent, acked: sent })).findings).toEqual(NOTHING_WRONG);
    const { events, files } = await readLog(dataDir);
    expect(events.map(({ seq }) => seq)).toEqual(sent.map(Number));
    expect(files.length).toBeGreaterThan(10);
    expect(shards).toBeGreaterThan(10);
  });

  it("is refused when the log is closing", async () => {
    const log = await openTestLog(dataDir);
    await log.close();
    await expect(log.seal()).rejects.toMatchObject({ code: "log_unavailable" });
  });

  it("that the disk refuses is told, and is made good by the next append", async () => {
    const warnings: string[] = [];
    const log = await openTestLog(dataDir, { onWarning: (message) => warnings.push(message) });
    await log.append([makeEvent("1")]);
    // A folder in the place of the file is what nobody can seal.

    renameSync(join(dataDir, "metrics.jsonl"), join(dataDir, "metrics-2026-11-23.9.jsonl"));
    mkdirSync(join(dataDir, "metrics.jsonl"));
    await expect(log.seal()).rejects.toMatchObject({ code: "log_unavailable" });
    await expect(log.append([makeEvent("refused")])).rejects.toMatchObject({ code: "log_unavailable" });
    rmdirSync(join(dataDir, "metrics.jsonl"));
    await expect.poll(() => log.status().accepting, { timeout: 5_000 }).toBe(true);
    await log.append([makeEvent("2")]);
    expect((await readLog(dataDir)).events.map(idOf)).toEqual(["1", "2"]);
    expect(warnings.join()).toContain("the active file was not sealed");
  });
});

describe("a file that would grow past its bound", () => {
  it("is sealed before the batch that does not fit, and a batch that fits nowhere has a file of its own", async () => {
    const log = await openTestLog(dataDir, { maxShardBytes: 1_000 });
    for (const id of ["1", "2", "3"]) await log.append([makeEvent(id, { title: "x".repeat(100) })]);
    await log.append([makeEvent("large", { title: "x".repeat(2_000) })]);
    await log.append([makeEvent("4")]);
    expect(await idsByFile()).toEqual({
      "metrics-2026-11-23.1.jsonl": ["1", "2"],
      "metrics-2026-11-23.2.jsonl": ["3"],
      "metrics-2026-11-23.3.jsonl": ["large"],
      "metrics.jsonl": ["4"],
    });
  });
});

describe("the first line of another UTC day", () => {
  it("begins a new file, also within what is committed at once, and late lines of the day before stay with it", async () => {
    const log = await openTestLog(dataDir);
    const days = ["2026-11-23", "2026-11-24", "2026-11-23", "2026-11-24", "2026-11-25"];
    await Promise.all(days.map((day, index) => log.append([receivedOn(day, `${index}`)])));
    expect(await idsByFile()).toEqual({
      "metrics-2026-11-23.1.jsonl": ["0"],
      "metrics-2026-11-24.1.jsonl": ["1", "2", "3"],
      "metrics.jsonl": ["4"],
    });
    expect((await readLog(dataDir)).events.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4]);
    expect(log.status().fileDay).toBe("2026-11-25");
  });

  it("begins one when the clock was set back by more than a day, and numbers go on", async () => {
    const log = await openTestLog(dataDir);
    for (const [index, day] of ["2026-11-23", "2026-11-30", "2026-11-23"].entries()) {
      await log.append([receivedOn(day, `${index}`)]);
    }
    expect(await log.seal()).toBe("metrics-2026-11-23.2.jsonl");
  });
});

describe("a log that is held", () => {
  it("refuses appends with the reason, keeps what it has taken, and goes on without a gap", async () => {
    const log = await openTestLog(dataDir);
    const taken = log.append([makeEvent("1")]);
    log.hold({ cause: "disk_full", message: "too little free space" });
    expect(log.status()).toMatchObject({ accepting: false, reason: "disk_full", message: "too little free space" });
    await expect(log.append([makeEvent("2")])).rejects.toThrow("nothing was stored: too little free space; try again");
    const { start } = await taken;
    log.hold(undefined);
    expect(await log.append([makeEvent("3")])).toMatchObject({ start, firstSeq: 1 });
  });
});

import { randomUUID } from "node:crypto";
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { makeEvent } from "../../../test/fault/make-event.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { encodeLines } from "../../log/write/encode-line.ts";
import { idFilePath } from "./id-file.ts";
import { ownerOf } from "./id-window.ts";
import { settleIdFiles } from "./settle-id-files.ts";
import { StoredIds } from "./stored-ids.ts";

const DAY_MS = 86_400_000;
const NOW = Date.parse("2026-11-24T12:00:00Z");

let dataDir: string;
let nowMs: number;
const clock: Clock = { ...systemClock, now: () => nowMs };

const base = () => ({ dataDir, capacity: 1_000, retentionDays: 30, clock, onWarning: () => undefined });
const open = async (writer = 1, writers = 1): Promise<StoredIds> => {
  const ids = await StoredIds.open({ ...base(), writer, writers });
  onTestFinished(() => ids.close());
  return ids;
};
const makeIds = (count: number): readonly string[] => Array.from({ length: count }, () => randomUUID());
const file = (): string => join(dataDir, "dedup-ids.bin");

/** Appends events to the log of a writer; they are lines `from` on of start `s`. */
function log(ids: readonly string[], from = 0, writer = 1): void {
  const events = ids.map((eventId) => makeEvent("x", { eventId, receivedAt: new Date(nowMs).toISOString() }));
  const name = writer === 1 ? "metrics.jsonl" : `metrics.w${writer}.jsonl`;
  appendFileSync(join(dataDir, name), encodeLines(events, { writer: `w${writer}`, start: "s", seq: from }));
}

/** Stores events as the collector does: in the log first, then in the window. */
function store(ids: StoredIds, events: readonly string[], from: number, writer = 1): void {
  log(events, from, writer);
  ids.add(events, { start: "s", seq: from + events.length - 1 }, nowMs);
}

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "passerby-ids-"));
  nowMs = NOW;
});

describe("the ids of stored events", () => {
  it("are known after a clean restart, without a look at the log", async () => {
    const events = makeIds(50);
    const before = await open();
    store(before, events, 0);
    await before.close();
    writeFileSync(join(dataDir, "metrics.jsonl"), "");
    const after = await open();
    expect(events.every((id) => after.has(id))).toBe(true);
    expect(after.size).toBe(50);
  });

  it("are read from the log where a kill came before they were written", async () => {
    const [written, unwritten] = [makeIds(20), makeIds(30)];
    const before = await open();
    store(before, written, 0);
    await before.flush();
    store(before, unwritten, 20);
    const after = await open();
    expect([...written, ...unwritten].every((id) => after.has(id))).toBe(true);
    expect(after.size).toBe(50);
    await after.close();
    expect((await open()).size).toBe(50);
  });

  it("are known after the file was cut at any place, or damaged", async () => {
    const events = makeIds(6);
    const before = await open();
    for (const [index, id] of events.entries()) {
      store(before, [id], index);
      await before.flush();
    }
    const whole = join(dataDir, "whole");
    copyFileSync(file(), whole);
    for (let bytes = 0; bytes < statSync(whole).size; bytes += 3) {
      copyFileSync(whole, file());
      truncateSync(file(), bytes);
      const cut = await open();
      expect(events.filter((id) => !cut.has(id))).toEqual([]);
      await cut.close();
      const again = await open();
      expect([bytes, again.size]).toEqual([bytes, 6]);
      const damaged = readFileSync(whole);
      damaged[bytes] = (damaged[bytes] ?? 0) ^ 0x40;
      writeFileSync(file(), damaged);
      const mended = await open();
      expect(events.filter((id) => !mended.has(id))).toEqual([]);
    }
  });

  it("are the newest ones only, on disk too", async () => {
    const events = makeIds(1_500);
    const before = await open();
    for (let from = 0; from < 1_500; from += 100) {
      store(before, events.slice(from, from + 100), from);
      await before.flush();
    }
    await before.close();
    const after = await open();
    expect(events.map((id) => after.has(id)).lastIndexOf(false)).toBe(499);
  });

  it("are forgotten, in the file too, when their events are older than the retention", async () => {
    const [old, young] = [makeIds(5), makeIds(5)];
    const ids = await open();
    store(ids, old, 0);
    await ids.flush();
    nowMs += 20 * DAY_MS;
    store(ids, young, 5);
    await ids.flush();
    nowMs += 11 * DAY_MS;
    await ids.flush();
    expect([old.some((id) => ids.has(id)), young.every((id) => ids.has(id))]).toEqual([false, true]);
    const bytes = readFileSync(file()).toString("hex");
    expect(old.filter((id) => bytes.includes(id.replaceAll("-", "")))).toEqual([]);
    expect(young.filter((id) => bytes.includes(id.replaceAll("-", "")))).toEqual(young);
  });

  it("are for their owner only to read", async () => {
    const ids = await open();
    store(ids, makeIds(1), 0);
    await ids.close();
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });
});

describe("a changed number of writers", () => {
  it("gives each id to the writer it belongs to, from files, from the log, and back again", async () => {
    const events = makeIds(90);
    const one = await open();
    store(one, events.slice(0, 40), 0);
    await one.flush();
    store(one, events.slice(40), 40);
    await settleIdFiles({ ...base(), writers: 3 });
    const three = await Promise.all([1, 2, 3].map((writer) => open(writer, 3)));
    const holders = events.map((id) => three.flatMap((ids, index) => (ids.has(id) ? [index] : [])));
    expect(holders).toEqual(events.map((id) => [ownerOf(id, 3)]));
    const more = makeIds(1).filter((id) => id !== "");
    store(three[2] ?? one, more, 0, 3);
    await settleIdFiles({ ...base(), writers: 1 });
    const again = await open();
    expect([...events, ...more].filter((id) => !again.has(id))).toEqual([]);
    expect(again.size).toBe(91);
  });

  it("reads the log of a writer that runs no more only once", async () => {
    const events = makeIds(6);
    log(events, 0, 3);
    await settleIdFiles({ ...base(), writers: 2 });
    const before = [1, 2, 3].map((writer) => statSync(idFilePath(dataDir, writer)).mtimeMs);
    await settleIdFiles({ ...base(), writers: 2 });
    expect([1, 2, 3].map((writer) => statSync(idFilePath(dataDir, writer)).mtimeMs)).toEqual(before);
    const two = await Promise.all([1, 2].map((writer) => open(writer, 2)));
    expect(events.map((id) => two.findIndex((ids) => ids.has(id)))).toEqual(events.map((id) => ownerOf(id, 2)));
  });

  it.each([["dedup-ids.bin"], ["dedup-ids.w2.bin"], ["dedup-ids.w3.bin"]])(
    "loses none when the start that divides them anew is ended as it writes %s",
    async (name) => {
      const events = makeIds(90);
      log(events, 0);
      await settleIdFiles({ ...base(), writers: 2 });
      const blocked = join(dataDir, `${name}.tmp`);
      mkdirSync(blocked);
      await expect(settleIdFiles({ ...base(), writers: 3 })).rejects.toThrow("EISDIR");
      rmdirSync(blocked);
      await settleIdFiles({ ...base(), writers: 3 });
      const three = await Promise.all([1, 2, 3].map((writer) => open(writer, 3)));
      expect(events.map((id) => three.findIndex((ids) => ids.has(id)))).toEqual(events.map((id) => ownerOf(id, 3)));
    },
  );

  it("changes nothing where it has not changed", async () => {
    const ids = await open();
    store(ids, makeIds(3), 0);
    await ids.close();
    const before = statSync(file()).mtimeMs;
    await settleIdFiles({ ...base(), writers: 1 });
    expect(statSync(file()).mtimeMs).toBe(before);
  });
});

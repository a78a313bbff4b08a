import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import {
  measureAll,
  placesOf,
  readShardLines,
  SHARD,
  splitLines,
  storeAs,
  useLogCopies,
  verify,
  writeShardLines,
} from "../../../test/fault/verify-fixtures.ts";
import { systemClock, utcDay } from "../../clock.ts";
import { sealActiveFile } from "../files/seal.ts";
import { claimDataDir, claimShards } from "../owner/ownership.ts";
import { repairLog } from "./repair-log.ts";

const EVENTS = 20;
/** The line that is damaged, counted from 0. */
const AT = 7;

const logCopy = useLogCopies(EVENTS);
let dataDir: string;

beforeEach(() => {
  dataDir = logCopy();
});

function flipBit(bytes: Buffer, at: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[at] = (bytes[at] ?? 0) ^ 4;
  return flipped;
}

function repair(accept = false): ReturnType<typeof repairLog> {
  return repairLog({ dataDir, clock: systemClock, accept });
}

function offsetOf(lines: readonly Buffer[], line: number): number {
  return lines.slice(0, line).reduce((sum, { length }) => sum + length, 0);
}

const NEWLINE = Buffer.from("\n");

it("a torn last line is damage in a shard, and no damage in a file that is being written", async () => {
  truncateSync(join(dataDir, SHARD), offsetOf(readShardLines(dataDir, SHARD), EVENTS) - 10);
  appendFileSync(join(dataDir, "metrics.jsonl"), '{"v":1,"se');
  const lines = readShardLines(dataDir, SHARD);
  const found = await verify(dataDir);
  expect(placesOf(found.damage)).toEqual([[SHARD, EVENTS, offsetOf(lines, EVENTS - 1), "torn"]]);
  await repair();
  expect(readShardLines(dataDir, SHARD)).toEqual(lines.slice(0, -1));
  expect((await verify(dataDir)).damaged).toBe(0);
});

it("a zstd shard that is cut off keeps what can be read, and the whole goes aside", async () => {
  const name = storeAs(dataDir, SHARD, "zstd");
  truncateSync(join(dataDir, name), 500);
  expect(placesOf((await verify(dataDir)).damage)).toEqual([[name, 1, 0, "breaks_off"]]);
  const [action] = await repair();
  expect(action?.aside).toEqual([expect.stringMatching(/^metrics-torn-2026-11-23-w1\.2-raw-\w{12}\.zst\.jsonl$/)]);
  expect(readShardLines(dataDir, name)).toEqual([]);
  expect((await verify(dataDir)).damaged).toBe(0);
});

it("a damaged import goes aside under the day of the repair", async () => {
  const name = "metrics-import-spring-1.jsonl";
  writeFileSync(join(dataDir, name), "by hand\n");
  expect(placesOf((await verify(dataDir)).damage)).toEqual([[name, 1, 0, "not_json"]]);
  const [action] = await repair();
  expect(action?.aside[0]).toContain(`metrics-torn-${utcDay(systemClock.now())}-import-spring-1-0-`);
  expect((await verify(dataDir)).damaged).toBe(0);
});

describe("a gzipped shard", () => {
  const gz = `${SHARD}.gz`;

  beforeEach(async () => {
    await measureAll(dataDir);
  });

  it.each([
    ["cut off", (bytes: Buffer) => bytes.subarray(0, bytes.length - 40)],
    ["flipped in one bit", (bytes: Buffer) => flipBit(bytes, bytes.length - 6)],
    ["empty", () => Buffer.alloc(0)],
    ["no gzip at all", () => Buffer.from("hello")],
  ])("that is %s is told as such; what can be read of it stays, the whole goes aside", async (_, harm) => {
    storeAs(dataDir, SHARD, "gzip");
    const harmed = harm(readFileSync(join(dataDir, gz)));
    writeFileSync(join(dataDir, gz), harmed);
    const found = await verify(dataDir);
    expect(placesOf(found.damage)).toEqual([[gz, expect.any(Number), expect.any(Number), "breaks_off"]]);
    const [action] = await repair();
    const raw = action?.aside.find((name) => name.endsWith(".gz.jsonl")) ?? "";
    expect(readFileSync(join(dataDir, raw)).equals(harmed)).toBe(true);
    expect(readShardLines(dataDir, gz)).toHaveLength((found.damage[0]?.line ?? 0) - 1);
    expect((await verify(dataDir)).damaged).toBe(0);
  });

  it("beside the plain one with the same lines is a note", async () => {
    writeFileSync(join(dataDir, gz), gzipSync(readFileSync(join(dataDir, SHARD))));
    const log = await verify(dataDir);
    expect(log.damaged).toBe(0);
    expect(log.notes).toEqual([{ file: gz, message: expect.stringContaining("holds the same lines") }]);
    expect(await repair()).toEqual([]);
  });

  it("beside the plain one with other lines is damage; the one that was measured stays", async () => {
    writeFileSync(join(dataDir, gz), gzipSync(readFileSync(join(dataDir, SHARD))));
    const lines = readShardLines(dataDir, gz);
    writeShardLines(dataDir, SHARD, lines.slice(0, 5));
    expect(placesOf((await verify(dataDir)).damage)).toEqual([
      [SHARD, null, null, "checksum"],
      [gz, null, null, "forms_differ"],
    ]);
    const [action] = await repair();
    expect(splitLines(readFileSync(join(dataDir, action?.aside[0] ?? "")))).toEqual(lines.slice(0, 5));
    const log = await verify(dataDir);
    expect(log.damaged).toBe(0);
    expect(log.files.map(({ forms }) => forms.map(({ name }) => name))).toContainEqual([gz]);
  });

  it("left half written under a temporary name is a note", async () => {
    writeFileSync(join(dataDir, `${gz}.tmp`), "half");
    expect(await verify(dataDir)).toMatchObject({ damaged: 0, notes: [{ file: `${gz}.tmp` }] });
  });
});

it("damage in a file that is being written is repaired as a shard where no collector runs", async () => {
  const active = join(dataDir, "metrics.jsonl");
  const lines = splitLines(readFileSync(active));
  writeFileSync(active, Buffer.concat([...lines.slice(0, 4), Buffer.from("by hand\n"), ...lines.slice(4)]));
  expect(placesOf((await verify(dataDir)).damage)).toEqual([["metrics.jsonl", 5, offsetOf(lines, 4), "not_json"]]);
  await repair();
  const log = await verify(dataDir);
  expect(log.damaged).toBe(0);
  expect(readShardLines(dataDir, "metrics-2026-11-23.4.jsonl")).toEqual(lines);
});

it("the collector that runs is asked to seal a damaged file, and the file is not touched", async () => {
  const active = join(dataDir, "metrics.jsonl");
  appendFileSync(active, "by hand\n");
  const before = readFileSync(active);
  const owner = await claimDataDir(dataDir, systemClock);
  onTestFinished(() => owner.release());
  expect(await repair()).toMatchObject([{ message: expect.stringContaining("not sealed, and left as it is") }]);
  expect(readFileSync(active).equals(before)).toBe(true);
  owner.serve({ seal: async () => ({ sealed: [sealActiveFile(dataDir, 1) ?? ""] }) });
  expect((await repair()).map(({ file }) => file)).toEqual(["metrics.jsonl", "metrics-2026-11-23.4.jsonl"]);
  expect((await verify(dataDir)).damaged).toBe(0);
});

it("repair refuses while another process works on the shards", async () => {
  const other = await claimShards(dataDir, systemClock);
  onTestFinished(() => other.release());
  await expect(repair()).rejects.toMatchObject({ code: "shards_owned" });
});

it("what a repair says is missing is damage again only where more is missing", async () => {
  const lines = readShardLines(dataDir, SHARD);
  writeShardLines(dataDir, SHARD, [...lines.slice(0, AT), NEWLINE, ...lines.slice(AT + 1)]);
  await repair();
  expect((await verify(dataDir)).damaged).toBe(0);
  writeShardLines(dataDir, SHARD, [...lines.slice(0, AT), ...lines.slice(AT + 2)]);
  expect(placesOf((await verify(dataDir)).damage)).toContainEqual([SHARD, AT + 1, offsetOf(lines, AT), "gap"]);
});

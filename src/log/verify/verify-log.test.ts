import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import {
  CANARY,
  measureAll,
  placesOf,
  readShardLines,
  SHARD,
  storeAs,
  useLogCopies,
  verify,
  writeShardLines,
} from "../../../test/fault/verify-fixtures.ts";
import { systemClock } from "../../clock.ts";
import type { Compression } from "../files/log-files.ts";
import { measureShard } from "../read/measure-shard.ts";
import { repairLog } from "../repair/repair-log.ts";
import { verifyLog } from "./verify-log.ts";

const EVENTS = 20;
/** The line that is damaged, counted from 0. */
const AT = 7;

const logCopy = useLogCopies(EVENTS);
let dataDir: string;

beforeEach(() => {
  dataDir = logCopy();
});

function repair(accept = false): ReturnType<typeof repairLog> {
  return repairLog({ dataDir, clock: systemClock, accept });
}

function offsetOf(lines: readonly Buffer[], line: number): number {
  return lines.slice(0, line).reduce((sum, { length }) => sum + length, 0);
}

/** What is put in the place of line AT: `line` is it, `next` the one behind it, which is left out where `taken` is 2. */
type Planted = {
  readonly kind: string;
  readonly taken?: number;
  readonly make: (line: Buffer, next: Buffer) => Buffer;
};

const NEWLINE = Buffer.from("\n");
const PLANTED: readonly Planted[] = [
  { kind: "nul_bytes", make: () => Buffer.concat([Buffer.alloc(3_000), NEWLINE]) },
  { kind: "not_utf8", make: (line) => Buffer.concat([line.subarray(0, -3), Buffer.from([0xf0, 0x9f]), NEWLINE]) },
  { kind: "too_long", make: () => Buffer.concat([Buffer.alloc(1_048_577, "x"), NEWLINE]) },
  { kind: "carriage_return", make: (line) => Buffer.concat([line.subarray(0, -1), Buffer.from("\r\n")]) },
  { kind: "byte_order_mark", make: (line) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), line]) },
  { kind: "glued", taken: 2, make: (line, next) => Buffer.concat([line.subarray(0, -1), next]) },
  { kind: "not_json", make: () => Buffer.from("# written by hand\n") },
  { kind: "not_json", make: () => NEWLINE },
  { kind: "not_json", make: (line) => Buffer.concat([line.subarray(0, 80), NEWLINE]) },
  { kind: "not_an_event", make: () => Buffer.from('{"v":1,"seq":7}\n') },
];
const FORMS: readonly Compression[] = ["none", "gzip", "zstd"];

function plant(
  name: string,
  { make, taken = 1 }: Planted,
): { readonly lines: readonly Buffer[]; readonly bad: Buffer } {
  const lines = readShardLines(dataDir, name);
  const bad = make(lines[AT] ?? NEWLINE, lines[AT + 1] ?? NEWLINE);
  writeShardLines(dataDir, name, [...lines.slice(0, AT), bad, ...lines.slice(AT + taken)]);
  return { lines, bad };
}

it("a log as it was written is sound, measured or not", async () => {
  expect(await verify(dataDir)).toMatchObject({ damaged: 0, notes: [], missing: [] });
  await measureAll(dataDir);
  const log = await verify(dataDir);
  expect(log).toMatchObject({ damaged: 0, notes: [] });
  expect(log.files.map(({ forms }) => forms[0].scan?.events)).toEqual([EVENTS, EVENTS, EVENTS, EVENTS]);
});

describe.each(FORMS)("in a shard stored as %s", (compression) => {
  it.each(PLANTED)("$kind is found at its place and nothing else, and mended or moved aside", async (planted) => {
    const name = storeAs(dataDir, SHARD, compression);
    await measureAll(dataDir);
    const { lines, bad } = plant(name, planted);
    const found = await verify(dataDir);
    expect(placesOf(found.damage)).toEqual([[name, AT + 1, offsetOf(lines, AT), planted.kind]]);
    expect(JSON.stringify(found.damage)).not.toContain(CANARY);

    const [action] = await repair();
    expect(action).toMatchObject({
      file: name,
      aside: [expect.stringMatching(/^metrics-torn-2026-11-23-w1\.2-.+\.jsonl$/)],
    });
    expect(readFileSync(join(dataDir, action?.aside[0] ?? "")).equals(bad)).toBe(true);
    const isMended = planted.kind === "carriage_return" || planted.kind === "byte_order_mark";
    const kept = isMended ? lines : [...lines.slice(0, AT), ...lines.slice(AT + (planted.taken ?? 1))];
    expect(readShardLines(dataDir, name)).toEqual(kept);
    expect(await verify(dataDir)).toMatchObject({ damaged: 0, notes: [] });
    expect(await repair()).toEqual([]);
  });
});

it("names that are not the log's, links and folders are notes", async () => {
  writeFileSync(join(dataDir, "metrics-today.jsonl"), "x");
  writeFileSync(join(dataDir, "metrics-torn-2026-11-23-w1-0-abc.jsonl"), "x");
  symlinkSync(join(dataDir, SHARD), join(dataDir, "metrics-2026-11-23.9.jsonl"));
  mkdirSync(join(dataDir, "metrics-2026-11-24.1.jsonl.gz"));
  const log = await verify(dataDir);
  expect(log.damaged).toBe(0);
  expect(log.notes.map(({ file }) => file).sort()).toEqual([
    "metrics-2026-11-23.9.jsonl",
    "metrics-2026-11-24.1.jsonl.gz",
    "metrics-today.jsonl",
  ]);
});

it("lines of a newer version and erased ones are counted and sound", async () => {
  const lines = [...readShardLines(dataDir, SHARD)];
  const parsed = JSON.parse(String(lines[3]));
  const { writer, start, seq } = parsed;
  lines[3] = Buffer.from(`${JSON.stringify({ v: 1, writer, start, seq, erased: true })}\n`);
  lines[4] = Buffer.from(`${JSON.stringify({ ...parsed, v: 2, seq: seq + 1, more: [] })}\n`);
  lines[5] = Buffer.from('{"v":3}\n');
  writeShardLines(dataDir, SHARD, lines);
  const log = await verify(dataDir);
  expect(log.damaged).toBe(0);
  expect(log.files[1]?.forms[0].scan).toMatchObject({ events: EVENTS - 3, erased: 1, newerVersion: 2 });
});

it("a shard is known by its first line, of whatever kind, as it is when it is measured", async () => {
  const [line, ...others] = readShardLines(dataDir, SHARD);
  const { writer, start, seq } = JSON.parse(String(line));
  for (const first of [{ v: 1, erased: true }, { v: 2 }]) {
    const other = Buffer.from(`${JSON.stringify({ ...first, writer, start, seq })}\n`);
    writeShardLines(dataDir, SHARD, [other, ...others]);
    const scanned = (await verify(dataDir)).files[1]?.forms[0].scan?.facts;
    expect(scanned).toEqual(await measureShard(join(dataDir, SHARD)));
  }
});

it("a line that is taken out is a gap, told at the line behind it, until it is accepted", async () => {
  await measureAll(dataDir);
  const lines = readShardLines(dataDir, SHARD);
  writeShardLines(dataDir, SHARD, lines.toSpliced(AT, 1));
  const places = [
    [SHARD, null, null, "checksum"],
    [SHARD, AT + 1, offsetOf(lines, AT), "gap"],
  ];
  expect(placesOf((await verify(dataDir)).damage)).toEqual(places);
  expect(await repair()).toEqual([]);
  expect(placesOf((await verify(dataDir)).damage)).toEqual(places);
  expect((await repair(true)).map(({ file }) => file)).toEqual(["repairs.jsonl", SHARD]);
  expect((await verify(dataDir)).damaged).toBe(0);
});

it("a line that stands twice, and one behind later ones, are told", async () => {
  const lines = readShardLines(dataDir, SHARD);
  const [a, b] = [lines[3] ?? NEWLINE, lines[4] ?? NEWLINE];
  writeShardLines(dataDir, SHARD, [...lines.slice(0, 3), b, a, ...lines.slice(5), lines.at(-1) ?? NEWLINE]);
  expect(placesOf((await verify(dataDir)).damage)).toEqual([
    [SHARD, 5, offsetOf([...lines.slice(0, 3), b], 4), "out_of_order"],
    [SHARD, EVENTS + 1, offsetOf(lines, EVENTS), "repeat"],
  ]);
});

it("a shard of the manifest that is gone is damage, until it is accepted", async () => {
  await measureAll(dataDir);
  rmSync(join(dataDir, SHARD));
  expect(placesOf((await verify(dataDir)).damage)).toEqual([[SHARD, null, null, "missing"]]);
  await repair(true);
  expect((await verify(dataDir)).damaged).toBe(0);
});

it("a shard that was changed though its lines are sound is damage, and measured anew only when asked", async () => {
  await measureAll(dataDir);
  const text = readFileSync(join(dataDir, SHARD), "utf8");
  writeFileSync(join(dataDir, SHARD), text.replace("page_view", "page_viev"));
  expect(placesOf((await verify(dataDir)).damage)).toEqual([[SHARD, null, null, "checksum"]]);
  expect(await repair()).toEqual([]);
  expect((await verify(dataDir)).damaged).toBe(1);
  expect(await repair(true)).toMatchObject([{ file: SHARD, message: expect.stringContaining("measured anew") }]);
  const log = await verify(dataDir);
  expect(log.damaged).toBe(0);
  expect(log.files[1]?.facts?.generation).toBe(1);
});

it("only shards of the days asked for are read", async () => {
  writeFileSync(join(dataDir, "metrics-2026-11-20.1.jsonl"), "damaged\n");
  const options = { dataDir, clock: systemClock };
  expect((await verifyLog({ ...options, from: "2026-11-21" })).damaged).toBe(0);
  expect((await verifyLog({ ...options, to: "2026-11-20" })).files).toHaveLength(1);
});

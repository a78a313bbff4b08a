/** Which files are the log's, in which order, and which are none of its business. */
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeFolder } from "../../../test/fault/log-fixtures.ts";
import {
  activeName,
  importName,
  isDatasetName,
  listLogFiles,
  nextShardNumber,
  parseLogFileName,
  sealedName,
} from "./log-files.ts";

const day = fc
  .date({ min: new Date("2020-01-01"), max: new Date("2099-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const writer = fc.integer({ min: 1, max: 64 });
const number = fc.integer({ min: 1, max: 99_999 });

describe("the name of a log file", () => {
  it("says again what it was made from", () => {
    fc.assert(
      fc.property(day, writer, number, fc.stringMatching(/^[a-z0-9-]{1,40}$/), (aDay, aWriter, aNumber, dataset) => {
        expect(parseLogFileName(activeName(aWriter))).toEqual({ kind: "active", writer: aWriter });
        const shard = { day: aDay, writer: aWriter, number: aNumber };
        expect(parseLogFileName(sealedName(shard))).toEqual({ kind: "sealed", ...shard });
        expect(parseLogFileName(importName(dataset, aNumber))).toEqual({ kind: "import", dataset, number: aNumber });
      }),
    );
  });

  it("may lack the number of the first shard of a day", () => {
    expect(parseLogFileName("metrics-2026-11-23.jsonl")).toMatchObject({ kind: "sealed", number: 0 });
  });

  it.each([
    "metrics.jsonl.1",
    "metrics.jsonl~",
    "metrics.w0.jsonl",
    "metrics-2026-11-23.1.jsonl.tmp",
    "metrics-torn-2026-11-23-w1-0-abc.jsonl",
    "metrics-import-A-1.jsonl",
    "metrics-import-a.jsonl",
    "metrics-import-a.x1.tmp",
    "other.jsonl",
    "metrics.jsonl\n",
  ])("is not %j", (name) => {
    expect(parseLogFileName(name)).toBeUndefined();
  });

  it("takes datasets of a to z, 0 to 9 and hyphens, up to 40", () => {
    expect(["a", "2024-access-log", "x".repeat(40)].map(isDatasetName)).toEqual([true, true, true]);
    expect(["", "A", "a_b", "../a", "x".repeat(41)].map(isDatasetName)).toEqual([false, false, false, false, false]);
  });
});

describe("the next shard's number", () => {
  it("is above every shard of the same day and writer, compressed ones too", () => {
    const names = [
      "metrics-2026-11-23.1.jsonl",
      "metrics-2026-11-23.7.jsonl.gz",
      "metrics-2026-11-23.w2.9.jsonl",
      "metrics-2026-11-22.8.jsonl",
    ];
    const series = { kind: "sealed", day: "2026-11-23", writer: 1, number: 0 } as const;
    expect(nextShardNumber(names, series)).toBe(8);
    expect(nextShardNumber(names, { ...series, writer: 2 })).toBe(10);
    expect(nextShardNumber(names, { ...series, day: "2026-11-24" })).toBe(1);
    expect(nextShardNumber(names, { kind: "import", dataset: "a", number: 0 })).toBe(1);
  });
});

describe("the list of log files", () => {
  it("holds imports, then shards by day, writer and number, then the active files", async () => {
    const folder = makeFolder();
    const inOrder = [
      "metrics-import-a-2.jsonl",
      "metrics-import-a-10.jsonl",
      "metrics-import-b-1.jsonl",
      "metrics-2026-11-22.9.jsonl",
      "metrics-2026-11-23.2.jsonl",
      "metrics-2026-11-23.10.jsonl",
      "metrics-2026-11-23.w2.1.jsonl",
      "metrics.jsonl",
      "metrics.w2.jsonl",
      "metrics.w10.jsonl",
    ];
    for (const name of inOrder.toSorted()) writeFileSync(join(folder, name), name);
    const files = await listLogFiles(folder);
    expect(files.map((file) => file.name)).toEqual(inOrder);
    expect(files.map((file) => file.bytes)).toEqual(inOrder.map((name) => name.length));
  });

  it("leaves out links, folders and names that are not the log's", async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, "secret"), "x");
    symlinkSync(join(folder, "secret"), join(folder, "metrics.jsonl"));
    mkdirSync(join(folder, "metrics-2026-11-23.1.jsonl"));
    writeFileSync(join(folder, "metrics-torn-2026-11-23-w1-0-abc.jsonl"), "x");
    expect(await listLogFiles(folder)).toEqual([]);
  });

  it("names a file once while it is being sealed", async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, "metrics.jsonl"), "x");
    linkSync(join(folder, "metrics.jsonl"), join(folder, "metrics-2026-11-23.1.jsonl"));
    expect((await listLogFiles(folder)).map((file) => file.name)).toEqual(["metrics-2026-11-23.1.jsonl"]);
  });

  it("is empty for a folder that does not exist", async () => {
    expect(await listLogFiles(join(makeFolder(), "none"))).toEqual([]);
  });
});

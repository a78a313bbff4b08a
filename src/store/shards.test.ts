/** Holds what a load does with sealed shards: compressed, broken, loaded already, rewritten since. */
import { readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventsOf, makeSampleLog, type SampleLog } from "../../test/sample-log.ts";
import { systemClock } from "../clock.ts";
import { readManifest, withShard, writeManifest } from "../log/files/manifest.ts";
import { measureShard } from "../log/read/measure-shard.ts";
import { openStore, type Store } from "./store.ts";

const SHARD = "metrics-2026-11-20.1.jsonl";
const TABLE = "10:00 ada page_view /a id=1\n10:05 bob page_view /b id=2\n10:06 eve page_view /c id=3";

let log: SampleLog;
let warnings: string[];
let store: Store;

const at = (name: string): string => join(log.dataDir, name);
const open = (): Promise<Store> =>
  openStore({ dataDir: log.dataDir, clock: systemClock, onWarning: (message) => warnings.push(message) });

async function reopen(): Promise<void> {
  await store.close();
  store = await open();
}

/** Seals what was appended and notes it in the manifest; `generation` counts how often it was rewritten. */
async function seal(generation = 0): Promise<void> {
  if (generation === 0) renameSync(at("metrics.jsonl"), at(SHARD));
  const facts = { ...(await measureShard(at(SHARD))), generation };
  writeManifest(log.dataDir, withShard(readManifest(log.dataDir), SHARD, facts));
}

/** Writes the shard again with some of its lines erased. */
async function eraseLines(numbers: readonly number[], generation: number): Promise<void> {
  const lines = readFileSync(at(SHARD), "utf8").split("\n");
  const erase = (seq: number): string => JSON.stringify({ v: 1, writer: "w1", start: "start-1", seq, erased: true });
  writeFileSync(at(SHARD), lines.map((line, index) => (numbers.includes(index) ? erase(index) : line)).join("\n"));
  await seal(generation);
}

function compress(ending: ".gz" | ".zst"): void {
  const pack = ending === ".gz" ? gzipSync : zstdCompressSync;
  writeFileSync(at(SHARD + ending), pack(readFileSync(at(SHARD))));
  rmSync(at(SHARD));
}

async function pages(): Promise<readonly unknown[]> {
  const rows = await store.read((ask) => ask("SELECT path FROM events ORDER BY path"));
  return rows.map((row) => row["path"]);
}

beforeEach(async () => {
  log = makeSampleLog();
  warnings = [];
  log.append(eventsOf(TABLE));
  store = await open();
});
afterEach(async () => {
  await store.close();
  log.remove();
});

describe("a compressed shard", () => {
  test.each([".gz", ".zst"] as const)("is loaded, %s", async (ending) => {
    await seal();
    compress(ending);
    expect(await store.load()).toMatchObject({ events: 3, damaged: 0 });
    expect(await pages()).toEqual(["/a", "/b", "/c"]);
  });

  test("that was loaded when it was plain adds nothing, with and without a manifest", async () => {
    await store.load();
    await seal();
    compress(".gz");
    expect(await store.load()).toMatchObject({ events: 0, duplicates: 0, damaged: 0 });
    rmSync(at("manifest.json"));
    await reopen();
    expect(await store.load()).toMatchObject({ events: 0, duplicates: 0, damaged: 0 });
    expect(warnings).toEqual([]);
  });

  test("that the manifest says is loaded is not opened at a start", async () => {
    await store.load();
    await seal();
    compress(".gz");
    // What cannot be inflated would count as damaged.
    writeFileSync(at(`${SHARD}.gz`), "no gzip");
    await reopen();
    expect(await store.load()).toMatchObject({ events: 0, damaged: 0 });
  });

  test("that breaks off gives what can be read, and counts once as damaged, over starts too", async () => {
    const lines = Array.from(
      { length: 20_000 },
      (_, index) => `10:00 v${index * 7919} page_view /${index * 31} id=${index}`,
    );
    log.append(eventsOf(lines.join("\n")));
    await seal();
    compress(".gz");
    truncateSync(at(`${SHARD}.gz`), Math.floor(readFileSync(at(`${SHARD}.gz`)).length / 2));
    const report = await store.load();
    expect(report.damaged).toBe(1);
    expect(report.events).toBeGreaterThan(1_000);
    await reopen();
    expect(await store.load()).toMatchObject({ events: 0, duplicates: 0, damaged: 0 });
    expect(store.status().damaged).toBe(1);
  });

  test("of which nothing can be read counts once as damaged, and the rest of the log is loaded", async () => {
    writeFileSync(at(`${SHARD}.gz`), "no gzip");
    expect(await store.load()).toMatchObject({ events: 3, damaged: 1 });
    await reopen();
    expect(await store.load()).toMatchObject({ events: 0, damaged: 0 });
  });
});

describe("a shard that was rewritten after it was loaded", () => {
  test.each([[[1]], [[0]], [[0, 1, 2]]])("has the store deleted and rebuilt without lines %j", async (numbers) => {
    await store.load();
    await seal();
    await store.load();
    await eraseLines(numbers, 1);
    await store.load();
    expect(await pages()).toEqual(["/a", "/b", "/c"].filter((_, index) => !numbers.includes(index)));
    expect(warnings).toMatchObject([expect.stringContaining("erased")]);
    expect(readdirSync(log.dataDir).filter((name) => name.includes("set-aside"))).toEqual([]);
    await reopen();
    expect(await store.load()).toMatchObject({ events: 0, duplicates: 0 });
    expect(warnings).toHaveLength(1);
  });

  test("twice is noticed twice", async () => {
    await store.load();
    await seal();
    await eraseLines([0], 1);
    await store.load();
    await eraseLines([0, 1], 2);
    await store.load();
    expect(await pages()).toEqual(["/c"]);
    expect(warnings).toHaveLength(2);
  });
});

test("a shard that was rewritten before the store was begun is loaded like any other", async () => {
  await seal();
  await eraseLines([0], 1);
  await store.close();
  rmSync(at("store.duckdb"));
  store = await open();
  expect(await store.load()).toMatchObject({ events: 2, erased: 1 });
  await reopen();
  expect(await store.load()).toMatchObject({ events: 0, duplicates: 0 });
  expect(warnings).toEqual([]);
});

test("a manifest that cannot be read keeps no load from its work", async () => {
  await seal();
  writeFileSync(at("manifest.json"), "{");
  expect(await store.load()).toMatchObject({ events: 3 });
});

/** Holds a rebuilt store equal to one that was loaded as the log grew, and the old one untouched until the new one is whole. */
import { execFile } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { streams } from "../../test/differential/streams.ts";
import { isLong } from "../../test/means.ts";
import { eventsOf, makeSampleLog, type SampleLog } from "../../test/sample-log.ts";
import { systemClock } from "../clock.ts";
import type { BatchSize } from "./batch.ts";
import { buildStore, installStore, REPLAY_FILE } from "./rebuild.ts";
import { openStore, type Store } from "./store.ts";

let log: SampleLog;
beforeEach(() => {
  log = makeSampleLog();
});
afterEach(() => log.remove());

const open = (): Promise<Store> =>
  openStore({ dataDir: log.dataDir, clock: systemClock, onWarning: (message) => expect.fail(message) });

/** Everything a store holds, in an order of its own. */
async function contentOf(store: Store): Promise<unknown> {
  const all = (table: string, order: string): Promise<unknown> =>
    store.read((ask) => ask(`SELECT * FROM ${table} ORDER BY ${order}`));
  return [
    await all("events", "writer, start, seq"),
    await all("sessions", "ALL"),
    await all("checkpoints", "file"),
    { ...store.status(), lastLoadedAt: null },
  ];
}

async function rebuilt(batch?: BatchSize): Promise<Store> {
  await buildStore({ dataDir: log.dataDir, clock: systemClock, ...(batch && { batch }) });
  installStore(log.dataDir);
  return open();
}

/** Renames the file that is being written, as sealing does. */
function sealAs(number: number): void {
  const active = join(log.dataDir, "metrics.jsonl");
  if (existsSync(active)) renameSync(active, join(log.dataDir, `metrics-2026-11-20.${number}.jsonl`));
}

const page = (index: number): string => {
  const minute = String(index % 60).padStart(2, "0");
  return `2026-11-20T${String(Math.floor(index / 600) % 24).padStart(2, "0")}:${minute} v${index % 97} page_view /${index % 7} id=${index}`;
};
const pages = (count: number, from = 0): ReturnType<typeof eventsOf> =>
  eventsOf(Array.from({ length: count }, (_, index) => page(from + index)).join("\n"));

test("a shard of nothing but lines of a later version is counted once by each replay, and goes on counting for one", async () => {
  const later = '{"v":2,"seq":0,"writer":"w1","start":"start-0","what":{}}\n';
  writeFileSync(join(log.dataDir, "metrics-2026-11-19.1.jsonl.gz"), gzipSync(later));
  log.append(pages(3));
  const build = (): Promise<unknown> => buildStore({ dataDir: log.dataDir, clock: systemClock });
  expect(await build()).toMatchObject({ events: 3, newer: 1, damaged: 0, resumed: 0 });
  expect(await build()).toMatchObject({ events: 3, newer: 1, damaged: 0, resumed: 3 });
  installStore(log.dataDir);
  const store = await open();
  expect(await store.load()).toMatchObject({ events: 0, newer: 0 });
  const files = await store.read((ask) => ask("SELECT file FROM checkpoints ORDER BY file"));
  expect(files.map(({ file }) => file)).toEqual(["w1/start-0/0", "w1/start-1/0"]);
  await store.close();
});
/** What a log may have between its events: lines that hold none, for each reason there is. */
const OTHER_LINES: readonly (string | Uint8Array)[] = [
  "no line\n",
  '{"v":1,"writer":"w1","start":"start-1","seq":9,"erased":true}\n',
  '{"v":2,"writer":"w1","start":"start-1","seq":9,"more":[]}\n',
  Buffer.from([0x22, 0xff, 0x22, 0x0a]),
  `"${"x".repeat(1_100_000)}"\n`,
  '\n{"v":1,"seq":0\r\n',
  "",
];
/** Sizes of batches: some end within a file, some hold several. */
const BATCHES: readonly (BatchSize | undefined)[] = [
  undefined,
  { lines: 7, bytes: 100_000_000, readBytes: 1 },
  { lines: 25, bytes: 100_000_000, readBytes: 100_000_000 },
];

test("a rebuilt store holds what one holds that was loaded as the log grew", { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      streams(60),
      fc.array(fc.record({ at: fc.nat({ max: 60 }), other: fc.constantFrom(...OTHER_LINES), isSealed: fc.boolean() }), {
        maxLength: 4,
      }),
      fc.constantFrom(...BATCHES),
      async (stream, stops, batch) => {
        log.remove();
        log = makeSampleLog();
        const grown = await open();
        let from = 0;
        for (const [index, { at, other, isSealed }] of stops.sort((a, b) => a.at - b.at).entries()) {
          log.append(stream.events.slice(from, at));
          // A line's number is its own, and with it the file that begins with it.
          log.appendText(typeof other === "string" ? other.replace('"seq":9', `"seq":${1_000 + index}`) : other);
          from = at;
          await grown.load();
          if (isSealed) sealAs(index + 1);
        }
        log.append(stream.events.slice(from));
        await grown.load();
        const expected = await contentOf(grown);
        await grown.close();
        const store = await rebuilt(batch);
        const found = await contentOf(store);
        await store.close();
        expect(found).toEqual(expected);
      },
    ),
    { numRuns: isLong ? 100 : 4 },
  );
});

describe("a rebuild", () => {
  test("leaves out duplicates and counts damaged and erased lines as the loads before it did", async () => {
    log.append(pages(3_000));
    log.append(pages(500));
    log.appendText("no line\n");
    log.appendText('{"v":1,"writer":"w1","start":"start-1","seq":9,"erased":true}\n');
    const grown = await open();
    await grown.load();
    log.append(pages(2_000, 2_500));
    expect(await grown.load()).toMatchObject({ events: 1_500, duplicates: 500 });
    const expected = await contentOf(grown);
    await grown.close();
    const report = await buildStore({ dataDir: log.dataDir, clock: systemClock });
    expect(report).toMatchObject({ events: 4_500, duplicates: 1_000, damaged: 1, erased: 1, resumed: 0 });
    expect(report.bytes).toBe(statSync(join(log.dataDir, "metrics.jsonl")).size);
    installStore(log.dataDir);
    const store = await open();
    expect(await contentOf(store)).toEqual(expected);
    await store.close();
    expect(readdirSync(log.dataDir).sort()).toEqual(["metrics.jsonl", "store.duckdb"]);
  });

  test("gives the same in many batches as in one", async () => {
    log.append(pages(6_000));
    log.append(pages(6_000, 3_000));
    const grown = await open();
    await grown.load();
    const expected = await contentOf(grown);
    await grown.close();
    const store = await rebuilt({ lines: 700, bytes: 100_000_000, readBytes: 1 });
    expect(await contentOf(store)).toEqual(expected);
    await store.close();
  });

  test("reads a file once that lies there under two names", async () => {
    log.append(pages(900));
    log.append(pages(10, 900), 2);
    copyFileSync(join(log.dataDir, "metrics.jsonl"), join(log.dataDir, "metrics-2026-11-20.1.jsonl"));
    expect(await buildStore({ dataDir: log.dataDir, clock: systemClock })).toMatchObject({
      events: 910,
      duplicates: 0,
    });
  });

  test("goes on from what an ended one has built", async () => {
    log.append(pages(1_000));
    await buildStore({ dataDir: log.dataDir, clock: systemClock });
    log.append(pages(500, 1_000));
    expect(await buildStore({ dataDir: log.dataDir, clock: systemClock })).toMatchObject({
      events: 1_500,
      resumed: 1_000,
    });
  });

  test("begins anew where the file that an ended one left is damaged", async () => {
    log.append(pages(1_000));
    writeFileSync(join(log.dataDir, REPLAY_FILE), "no database");
    expect(await buildStore({ dataDir: log.dataDir, clock: systemClock })).toMatchObject({ events: 1_000, resumed: 0 });
  });

  test("that is stopped leaves the old store and says so", async () => {
    log.append(pages(10));
    const signal = AbortSignal.abort();
    await expect(buildStore({ dataDir: log.dataDir, clock: systemClock, signal })).rejects.toMatchObject({
      code: "store_unavailable",
    });
  });
});

describe("an open store that is rebuilt", () => {
  test("answers from the old file, then from the new one, and loads on", async () => {
    log.append(pages(2_000));
    const store = await open();
    await store.load();
    await store.read((ask) => ask("SELECT 1"));
    const before = await contentOf(store);
    const inode = statSync(join(log.dataDir, "store.duckdb")).ino;
    let answers = 0;
    let isDone = false;
    const rebuilding = store.rebuild().finally(() => {
      isDone = true;
    });
    while (!isDone) {
      const [row] = await store.read((ask) => ask("SELECT count(*) AS events FROM events"));
      expect(row?.["events"]).toBe(2_000n);
      answers += 1;
    }
    expect(await rebuilding).toMatchObject({ events: 2_000 });
    expect(answers).toBeGreaterThan(1);
    expect(statSync(join(log.dataDir, "store.duckdb")).ino).not.toBe(inode);
    expect(await contentOf(store)).toEqual(before);
    log.append(pages(10, 2_000));
    expect(await store.load()).toMatchObject({ events: 10, duplicates: 0 });
    await store.close();
  });

  test("can be closed meanwhile, and keeps its old file", async () => {
    log.append(pages(200));
    const store = await open();
    await store.load();
    const inode = statSync(join(log.dataDir, "store.duckdb")).ino;
    const rebuilding = store.rebuild();
    rebuilding.catch(() => {});
    await store.close();
    await expect(rebuilding).rejects.toMatchObject({ code: "store_unavailable" });
    expect(statSync(join(log.dataDir, "store.duckdb")).ino).toBe(inode);
  });
});

const BUILDER = `
  import { buildStore, installStore } from ${JSON.stringify(new URL("./rebuild.ts", import.meta.url).href)};
  import { systemClock } from ${JSON.stringify(new URL("../clock.ts", import.meta.url).href)};
  const [, dataDir] = process.argv;
  await buildStore({ dataDir, clock: systemClock, onProgress: () => console.log("stored") });
  installStore(dataDir);
`;

/** Rebuilds in a process of its own that is killed so many milliseconds after its first batch was stored. */
function buildAndKill(afterMs: number): Promise<void> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ["--input-type=module", "-e", BUILDER, log.dataDir]);
    child.stdout?.once("data", () => setTimeout(() => child.kill("SIGKILL"), afterMs));
    child.once("exit", () => resolve());
  });
}

test("killed at any moment, a rebuild leaves a whole store, and the next one ends it", {
  timeout: 600_000,
}, async () => {
  for (let shard = 0; shard < 6; shard += 1) log.append(pages(3_000, shard * 3_000), shard + 1);
  const grown = await open();
  await grown.load();
  const expected = await contentOf(grown);
  await grown.close();
  const rounds = isLong ? 60 : 2;
  for (let round = 0; round < rounds; round += 1) {
    await buildAndKill((round * 67) % 500);
    const store = await open();
    expect(await contentOf(store)).toEqual(expected);
    await store.close();
  }
  const store = await rebuilt();
  expect(await contentOf(store)).toEqual(expected);
  await store.close();
  expect(existsSync(join(log.dataDir, REPLAY_FILE))).toBe(false);
});

test("a rebuild reads compressed shards as it reads plain ones", async () => {
  log.append(pages(3_000));
  const plain = await open();
  await plain.load();
  const expected = await contentOf(plain);
  await plain.close();
  const lines = readFileSync(join(log.dataDir, "metrics.jsonl"));
  writeFileSync(join(log.dataDir, "metrics-2026-11-20.1.jsonl.gz"), gzipSync(lines));
  writeFileSync(join(log.dataDir, "metrics.jsonl"), "");
  const store = await rebuilt();
  expect(await contentOf(store)).toEqual(expected);
  await store.close();
});

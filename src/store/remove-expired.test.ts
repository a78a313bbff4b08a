/** Holds what the removal of old events promises: the store is what it would be had they never come, also in its bytes. */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isLong } from "../../test/means.ts";
import { eventsOf, makeSampleLog, type SampleLog } from "../../test/sample-log.ts";
import { systemClock } from "../clock.ts";
import type { AcceptedEvent } from "../event.ts";
import { encodeLines } from "../log/write/encode-line.ts";
import { openStore, type Store } from "./store.ts";

const EVENTS = `
  2026-11-18T12:00:00 plantedold page_view /old id=1
  2026-11-19T23:40:00 nightowl page_view /first source=google id=2
  2026-11-19T23:55:00 nightowl page_view /second id=3
  2026-11-20T00:05:00 nightowl page_view /third id=4
  2026-11-20T00:10:00 nightowl link_click /third id=5
  2026-11-20T00:20:00 plantedyoung page_view /young id=6`;
const YOUNG = EVENTS.split("\n").slice(-3).join("\n");
const SHOWN = `SELECT visitor_id, first_at, last_at, start_at, entry_page, exit_page, pageviews, interactions, source
  FROM sessions ORDER BY ALL`;

let log: SampleLog;
let nowMs: number;
let store: Store;

beforeEach(async () => {
  log = makeSampleLog();
  nowMs = Date.parse("2026-11-20T12:00:00Z");
  store = await open();
});
afterEach(async () => {
  await store.close();
  log.remove();
});

function open(dataDir = log.dataDir): Promise<Store> {
  const clock = { ...systemClock, now: () => nowMs };
  return openStore({ dataDir, clock, retentionDays: 10, onWarning: () => undefined });
}

const ask = (sql: string, from = store) => from.read((run) => run(sql));

async function pages(from = store): Promise<readonly unknown[]> {
  return (await ask("SELECT path FROM events ORDER BY timestamp", from)).map((row) => row["path"]);
}

/** Whether a text is in the bytes of any file of the store. */
function isInStore(text: string): boolean {
  const names = readdirSync(log.dataDir).filter((name) => name.startsWith("store"));
  return names.some((name) => readFileSync(join(log.dataDir, name)).includes(text));
}

/** Adds a dataset of one event, imported at a time and kept for so many days. */
function addImport(dataset: string, importedAt: string, keepDays: number | null): void {
  const shard = `metrics-import-${dataset}-1.jsonl`;
  const events = eventsOf(`2020-01-01T00:00:00 ${dataset}visitor page_view /${dataset} id=${dataset.length}00`);
  writeFileSync(join(log.dataDir, shard), encodeLines(events, { writer: `import-${dataset}`, start: dataset, seq: 0 }));
  const record = { name: dataset, keepDays, imports: [{ shard, importedAt }] };
  writeFileSync(join(log.dataDir, `metrics-import-${dataset}.json`), JSON.stringify(record));
}

describe("the removal of what is too old", () => {
  test("leaves what a store would have into which it had never come, with visits cut over midnight", async () => {
    log.append(eventsOf(EVENTS));
    await store.load();
    expect(await store.removeExpired()).toBe(0);
    nowMs = Date.parse("2026-11-29T00:00:00Z");
    expect(await store.removeExpired()).toBe(3);
    const other = makeSampleLog();
    other.append(eventsOf(YOUNG));
    const expected = await open(other.dataDir);
    await expected.load();
    const [kept, made] = [await ask(SHOWN), await ask(SHOWN, expected)];
    await expected.close();
    other.remove();
    expect(kept).toEqual(made);
    expect(kept[0]).toMatchObject({ entry_page: "/third", pageviews: 1, source: null });
    expect(await pages()).toEqual(["/third", "/third", "/young"]);
    const joined = "SELECT count(*) AS n FROM events JOIN sessions ON events.session = sessions.id";
    expect(await ask(joined)).toEqual([{ n: 3n }]);
  });

  test("does so whatever visits are cut, with passive events and session ids of clients", async () => {
    const event = fc.record({
      minutes: fc.integer({ min: -200, max: 60 }),
      visitor: fc.constantFrom("ada", "bob"),
      name: fc.constantFrom("page_view", "page_view", "engagement", "signup"),
      session: fc.constantFrom("", "", "session=client-1"),
    });
    const midnight = Date.parse("2026-11-20T00:00:00Z");
    const toLine = (
      { minutes, visitor, name, session }: typeof event extends fc.Arbitrary<infer Drawn> ? Drawn : never,
      id: number,
    ) =>
      `${new Date(midnight + minutes * 60_000).toISOString().slice(0, 19)} ${visitor} ${name} /p${id} id=${id + 1} ${session}`;
    const rows = async (events: readonly AcceptedEvent[], removeMs: number): Promise<unknown> => {
      const own = makeSampleLog();
      nowMs = midnight;
      const made = await open(own.dataDir);
      try {
        own.append(events);
        await made.load();
        nowMs = removeMs;
        await made.removeExpired();
        return [await ask(SHOWN, made), await ask("SELECT path, session FROM events ORDER BY event_id", made)];
      } finally {
        await made.close();
        own.remove();
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 25 }), async (drawn) => {
        const events = eventsOf(drawn.map(toLine).join("\n"));
        const young = events.filter(({ receivedAt }) => receivedAt >= "2026-11-20");
        expect(await rows(events, midnight + 9 * 86_400_000)).toEqual(await rows(young, midnight));
      }),
      { numRuns: isLong ? 100 : 5 },
    );
  }, 600_000);

  test("leaves no trace in the file, where a deletion and a checkpoint do", async () => {
    log.append(eventsOf(EVENTS));
    await store.load();
    await store.close();
    expect([isInStore("plantedold"), isInStore("plantedyoung")]).toEqual([true, true]);
    store = await open();
    nowMs = Date.parse("2026-11-29T00:00:00Z");
    await store.removeExpired();
    expect(await pages()).toEqual(["/third", "/third", "/young"]);
    expect([isInStore("plantedold"), isInStore("/first")]).toEqual([false, false]);
    await store.close();
    expect([isInStore("plantedold"), isInStore("plantedyoung")]).toEqual([false, true]);
    expect(readdirSync(log.dataDir).filter((name) => name.startsWith("store"))).toEqual(["store.duckdb"]);
    store = await open();
    expect(await store.load()).toMatchObject({ events: 0, duplicates: 0 });
  });

  test("goes on while somebody asks, who sees what was there before", async () => {
    log.append(eventsOf(EVENTS));
    await store.load();
    nowMs = Date.parse("2026-11-29T00:00:00Z");
    const [before, after] = await store.read(async (run) => {
      const first = await run("SELECT count(*) AS n FROM events");
      const removing = store.removeExpired();
      const asked = removing.then(() => ask("SELECT count(*) AS n FROM events"));
      return [first, { asked, again: await run("SELECT count(*) AS n FROM events") }] as const;
    });
    expect([before, after.again, await after.asked]).toEqual([[{ n: 6n }], [{ n: 6n }], [{ n: 3n }]]);
  });

  test("is not undone by a load of old lines that are still there", async () => {
    nowMs = Date.parse("2026-11-29T00:00:00Z");
    log.append(eventsOf(EVENTS));
    expect(await store.load()).toMatchObject({ events: 3, duplicates: 0, damaged: 0 });
    expect(await pages()).toEqual(["/third", "/third", "/young"]);
  });

  test("leaves imports to their own time, or until their shards are gone", async () => {
    addImport("always", "2026-11-20T00:00:00Z", null);
    addImport("short", "2026-11-20T00:00:00Z", 5);
    addImport("deleted", "2026-11-20T00:00:00Z", null);
    log.append(eventsOf(YOUNG));
    await store.load();
    expect(await store.removeExpired()).toBe(0);
    rmSync(join(log.dataDir, "metrics-import-deleted-1.jsonl"));
    nowMs = Date.parse("2026-11-25T00:00:00Z");
    expect(await store.removeExpired()).toBe(2);
    expect(await pages()).toEqual(["/always", "/third", "/third", "/young"]);
    await store.close();
    expect(["always", "short", "deleted"].map((name) => isInStore(`${name}visitor`))).toEqual([true, false, false]);
    rmSync(join(log.dataDir, "store.duckdb"));
    store = await open();
    await store.load();
    expect(await pages()).toEqual(["/always", "/third", "/third", "/young"]);
  });

  test("that cannot write the file anew has answers right at once, and the bytes the next time", async () => {
    log.append(eventsOf(EVENTS));
    await store.load();
    nowMs = Date.parse("2026-11-29T00:00:00Z");
    const obstacle = join(log.dataDir, "store-copy.tmp");
    mkdirSync(obstacle);
    await expect(store.removeExpired()).rejects.toMatchObject({ code: "store_unavailable" });
    rmdirSync(obstacle);
    await store.load();
    expect(await pages()).toEqual(["/third", "/third", "/young"]);
    expect(isInStore("plantedold")).toBe(true);
    expect(await store.removeExpired()).toBe(0);
    expect([isInStore("plantedold"), await pages()]).toEqual([false, ["/third", "/third", "/young"]]);
  });

  test("that was ended before the file was written anew is completed by the next", async () => {
    log.append(eventsOf(EVENTS));
    await store.load();
    nowMs = Date.parse("2026-11-29T00:00:00Z");
    const removing = store.removeExpired().then(
      () => "done",
      () => "ended",
    );
    await store.close();
    const first = await removing;
    store = await open();
    expect(await store.removeExpired()).toBe(first === "done" ? 0 : expect.any(Number));
    await store.close();
    expect([isInStore("plantedold"), isInStore("plantedyoung")]).toEqual([false, true]);
    store = await open();
  });
});

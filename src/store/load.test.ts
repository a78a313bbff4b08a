/** Holds what a load promises: every event once, whatever happens to the file, the process or the line. */
import { execFile } from "node:child_process";
import { readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isLong } from "../../test/means.ts";
import { eventsOf, makeSampleLog, type SampleLog } from "../../test/sample-log.ts";
import { systemClock } from "../clock.ts";
import type { AcceptedEvent } from "../event.ts";
import { openStore, type Store } from "./store.ts";

const ONE = "10:00 ada page_view /a id=1";
const TWO = "10:05 bob page_view /b id=2";

let log: SampleLog;
let warnings: string[];
let store: Store;

beforeEach(async () => {
  log = makeSampleLog();
  warnings = [];
  store = await open();
});
afterEach(async () => {
  await store.close();
  log.remove();
});

function open(): Promise<Store> {
  return openStore({
    dataDir: log.dataDir,
    clock: systemClock,
    onWarning: (message) => {
      warnings.push(message);
    },
  });
}

async function pages(from: Store = store): Promise<readonly unknown[]> {
  const rows = await from.read((ask) => ask("SELECT path FROM events ORDER BY timestamp, path"));
  return rows.map((row) => row["path"]);
}

describe("a load", () => {
  test("brings in what is new, and nothing the second time", async () => {
    log.append(eventsOf(`${ONE}\n${TWO}`));
    expect(await store.load()).toMatchObject({ events: 2, files: 1, damaged: 0, duplicates: 0 });
    expect(await store.load()).toMatchObject({ events: 0, files: 0 });
    expect(await pages()).toEqual(["/a", "/b"]);
  });

  test("goes on where the store was left when it was closed", async () => {
    log.append(eventsOf(ONE));
    await store.load();
    await store.close();
    log.append(eventsOf(TWO));
    store = await open();
    expect(await store.load()).toMatchObject({ events: 1, duplicates: 0 });
    expect(await pages()).toEqual(["/a", "/b"]);
    expect(store.status()).toMatchObject({ events: 2, lastError: null });
  });

  test("knows a file again after it was sealed under another name", async () => {
    log.append(eventsOf(ONE));
    await store.load();
    renameSync(join(log.dataDir, "metrics.jsonl"), join(log.dataDir, "metrics-2026-11-20.1.jsonl"));
    log.append(eventsOf(TWO));
    expect(await store.load()).toMatchObject({ events: 1, duplicates: 0 });
    expect(await pages()).toEqual(["/a", "/b"]);
  });

  test("leaves a line that is not complete for the next load", async () => {
    log.append(eventsOf(`${ONE}\n${TWO}`));
    const whole = readFileSync(join(log.dataDir, "metrics.jsonl"));
    truncateSync(join(log.dataDir, "metrics.jsonl"), whole.length - 20);
    expect(await store.load()).toMatchObject({ events: 1, damaged: 0 });
    writeFileSync(join(log.dataDir, "metrics.jsonl"), whole);
    expect(await store.load()).toMatchObject({ events: 1, damaged: 0 });
    expect(await pages()).toEqual(["/a", "/b"]);
  });

  test("counts a damaged line and goes on behind it", async () => {
    log.append(eventsOf(ONE));
    log.appendText('{"v":1,"event":\n');
    log.appendText(Uint8Array.from([0xff, 0xfe, 0x0a]));
    log.append(eventsOf(TWO));
    expect(await store.load()).toMatchObject({ events: 2, damaged: 2 });
    expect(store.status()).toMatchObject({ events: 2, damaged: 2 });
  });

  test("counts a line of a later version apart, leaves it as it is, and goes on behind it", async () => {
    const later = '{"v":2,"seq":1,"writer":"w1","start":"start-1","event":{"name":"x"},"unknown":[1]}\n';
    log.append(eventsOf(ONE));
    log.appendText(later);
    log.append(eventsOf(TWO));
    expect(await store.load()).toMatchObject({ events: 2, damaged: 0, erased: 0, newer: 1 });
    await store.close();
    store = await open();
    expect(await store.load()).toMatchObject({ events: 0, newer: 0 });
    expect(store.status()).toMatchObject({ events: 2, damaged: 0, newer: 1 });
    expect(readFileSync(join(log.dataDir, "metrics.jsonl"), "utf8").split("\n")[1]).toBe(later.trimEnd());
  });

  test("knows a file of nothing but later lines again, sealed, and does not take the next one for it", async () => {
    const line = (seq: number): string => `{"v":2,"seq":${seq},"writer":"w1","start":"start-1","what":{}}\n`;
    log.appendText(line(0) + line(1));
    expect(await store.load()).toMatchObject({ newer: 2 });
    renameSync(join(log.dataDir, "metrics.jsonl"), join(log.dataDir, "metrics-2026-11-20.1.jsonl"));
    log.appendText(line(2));
    expect(await store.load()).toMatchObject({ newer: 1 });
    await store.close();
    store = await open();
    expect(await store.load()).toMatchObject({ newer: 0 });
    expect(store.status()).toMatchObject({ events: 0, newer: 3, lastError: null });
    expect(warnings).toEqual([]);
  });

  test("counts an erased line, which is no damage", async () => {
    log.append(eventsOf(ONE));
    log.appendText('{"v":1,"seq":1,"erased":true}\n');
    expect(await store.load()).toMatchObject({ events: 1, damaged: 0, erased: 1 });
  });

  test("reads the files of all writers", async () => {
    log.append(eventsOf(ONE), 1);
    log.append(eventsOf(TWO), 2);
    expect(await store.load()).toMatchObject({ events: 2, files: 2 });
  });

  test("keeps every text as it is", async () => {
    const odd = "'; DROP TABLE events; -- \u0000 😀 % _ \\ \" \u202e";
    const [event] = eventsOf(ONE);
    log.append([{ ...(event as AcceptedEvent), title: odd, source: odd, metadata: { [odd.slice(0, 9)]: odd } }]);
    await store.load();
    const [row] = await store.read((ask) => ask("SELECT title, source, metadata FROM events"));
    expect(row).toMatchObject({ title: odd, source: odd });
    expect(JSON.parse(String(row?.["metadata"]))).toEqual({ [odd.slice(0, 9)]: odd });
  });

  test("asked for while another runs brings in what was appended in between", async () => {
    log.append(eventsOf(ONE));
    const first = store.load();
    log.append(eventsOf(TWO));
    const [, second, third] = await Promise.all([first, store.load(), store.load()]);
    expect(second).toBe(third);
    expect(await pages()).toEqual(["/a", "/b"]);
  });
});

test("a store that was closed loads and answers nothing, and does not open again", async () => {
  await store.close();
  await expect(store.load()).rejects.toMatchObject({ code: "store_unavailable" });
  await expect(pages()).rejects.toMatchObject({ code: "store_unavailable" });
});

describe("a load that is running when the store is closed", () => {
  test("ends before the log does, and the next start goes on from there", async () => {
    const line = (index: number): string => `2026-11-20T10:00:00 ada page_view /${index} id=${index}`;
    const events = eventsOf(Array.from({ length: 20_000 }, (_, index) => line(index)).join("\n"));
    log.append(events);
    const running = store.load();
    await store.close();
    const first = await running;
    expect(first.events).toBeLessThan(events.length);
    store = await open();
    const second = await store.load();
    expect(first.events + second.events).toBe(events.length);
    expect(new Set(await pages()).size).toBe(events.length);
  });
});

describe("an event that comes again", () => {
  test("is left out within 48 hours and counted", async () => {
    log.append(eventsOf("10:00 ada page_view /a id=1\n10:00 ada page_view /again id=1"));
    expect(await store.load()).toMatchObject({ events: 1, duplicates: 1 });
    log.append(eventsOf("2026-11-22T10:00:00 ada page_view /two-days-later id=1"));
    expect(await store.load()).toMatchObject({ events: 0, duplicates: 1 });
    log.append(eventsOf("2026-11-18T09:59:59 ada page_view /before id=1"));
    expect(await store.load()).toMatchObject({ events: 1, duplicates: 0 });
    expect(await pages()).toEqual(["/before", "/a"]);
  });

  test.each([1, 2, 3])("is measured against what was kept, in loads of %i lines", async (size) => {
    // 40 hours apart each: the second is dropped for the first, and so the third is 80 hours from any that is kept.
    const lines = [
      "2026-11-20T00:00:00 ada page_view /1 id=1",
      "2026-11-21T16:00:00 ada page_view /2 id=1",
      "2026-11-23T08:00:00 ada page_view /3 id=1",
    ];
    for (let from = 0; from < lines.length; from += size) {
      log.append(eventsOf(lines.slice(from, from + size).join("\n")));
      await store.load();
    }
    expect(await pages()).toEqual(["/1", "/3"]);
  });
});

describe("a log that is behind the store", () => {
  test("is loaded anew, and the store that knew more is kept aside", async () => {
    log.append(eventsOf(ONE));
    const length = readFileSync(join(log.dataDir, "metrics.jsonl")).length;
    log.append(eventsOf(TWO));
    await store.load();
    truncateSync(join(log.dataDir, "metrics.jsonl"), length);
    expect(await store.load()).toMatchObject({ events: 1 });
    expect(await pages()).toEqual(["/a"]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/kept as .*store-set-aside-/);
  });
});

/** Loads the log of the folder given until it is killed; prints a line after each load. */
const LOADER = `
  import { openStore } from ${JSON.stringify(new URL("./store.ts", import.meta.url).href)};
  import { systemClock } from ${JSON.stringify(new URL("../clock.ts", import.meta.url).href)};
  const store = await openStore({ dataDir: process.argv[1], clock: systemClock, onWarning: console.error });
  for (;;) { await store.load(); console.log("loaded"); }
`;

/** Starts a loader, appends while it runs, and kills it after `afterMs` milliseconds of loading. */
function loadAndKill(afterMs: number, appendMore: () => void): Promise<void> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ["--input-type=module", "-e", LOADER, log.dataDir]);
    child.stdout?.once("data", () => {
      appendMore();
      setTimeout(() => child.kill("SIGKILL"), afterMs);
    });
    child.once("exit", () => resolve());
  });
}

test("killed at any moment, a store has every event once after the next load", { timeout: 600_000 }, async () => {
  await store.close();
  let count = 0;
  const append = (): void => {
    const lines = Array.from({ length: 3_000 }, () => {
      count += 1;
      return `10:${String(count % 60).padStart(2, "0")} visitor${count % 50} page_view /${count % 7} id=${count}`;
    });
    log.append(eventsOf(lines.join("\n")));
  };
  append();
  const rounds = isLong ? 100 : 4;
  for (let round = 0; round < rounds; round += 1) await loadAndKill((round * 53) % 400, append);
  store = await open();
  await store.load();
  expect(warnings).toEqual([]);
  const counts = await store.read((ask) =>
    ask(`SELECT count(*) AS events, count(DISTINCT event_id) AS ids, count(session) AS in_visits,
      (SELECT sum(pageviews + interactions) FROM sessions) AS in_sessions FROM events`),
  );
  const all = BigInt(count);
  expect(counts).toEqual([{ events: all, ids: all, in_visits: all, in_sessions: all }]);
});

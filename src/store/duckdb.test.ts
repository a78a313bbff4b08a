/** Holds what happens to a store file that is damaged, outdated, in use or out of bounds. */
import { spawn } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventsOf, makeSampleLog, type SampleLog } from "../../test/sample-log.ts";
import { systemClock } from "../clock.ts";
import { openStore, type Store } from "./store.ts";

let log: SampleLog;
let path: string;
let warnings: string[];

beforeEach(() => {
  log = makeSampleLog();
  path = join(log.dataDir, "store.duckdb");
  warnings = [];
});
afterEach(() => log.remove());

function open(): Promise<Store> {
  return openStore({
    dataDir: log.dataDir,
    clock: systemClock,
    onWarning: (message) => {
      warnings.push(message);
    },
  });
}

async function fillAndClose(): Promise<void> {
  log.append(eventsOf("10:00 ada page_view /a\n10:01 bob page_view /b"));
  const store = await open();
  await store.load();
  await store.close();
}

async function countAfterReopening(): Promise<unknown> {
  const store = await open();
  try {
    await store.load();
    const [row] = await store.read((ask) => ask("SELECT count(*) AS n FROM events"));
    return row?.["n"];
  } finally {
    await store.close();
  }
}

function overwrite(file: string, at: number, bytes: Uint8Array): void {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, bytes, 0, bytes.length, at);
  closeSync(descriptor);
}

/** Asks the closed store's file without the store, and returns the first column. */
async function askDirectly(sql: string): Promise<readonly unknown[]> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(sql);
  connection.closeSync();
  instance.closeSync();
  return reader.getRowsJS().map(([first]) => first);
}

function setAside(): readonly string[] {
  return readdirSync(log.dataDir).filter((name) => name.startsWith("store-set-aside-"));
}

describe("a store file that does not open", () => {
  test.each([
    [
      "is no database",
      () => writeFileSync(path, "this is no database, but it is long enough to be looked at ".repeat(200)),
    ],
    ["is empty", () => truncateSync(path, 0)],
    ["is cut in half", () => truncateSync(path, Math.floor(statSync(path).size / 2))],
    ["has a damaged header", () => overwrite(path, 4096, new Uint8Array(8192).fill(0x55))],
  ])("because it %s is kept aside and made anew from the log", async (_, damage) => {
    await fillAndClose();
    damage();
    const damaged = readFileSync(path);
    expect(await countAfterReopening()).toBe(2n);
    expect(warnings).toHaveLength(1);
    const [kept] = setAside();
    expect(readFileSync(join(log.dataDir, kept ?? ""))).toEqual(damaged);
  });

  test.each([
    [
      "one flipped bit",
      (wal: Buffer) => wal.with(Math.floor(wal.length / 2), (wal.at(Math.floor(wal.length / 2)) ?? 0) ^ 0x10),
    ],
    ["zeros at its end", (wal: Buffer) => wal.map((byte, at) => (at > wal.length - 200 ? 0 : byte))],
    ["a torn end", (wal: Buffer) => wal.subarray(0, wal.length - 7)],
  ])("because of %s in its write-ahead log answers as before", async (_, damage) => {
    log.append(eventsOf("10:00 ada page_view /a\n10:01 bob page_view /b"));
    const store = await open();
    await store.load();
    // What a kill leaves behind: the files as they are while the store is open.
    const [main, wal] = [readFileSync(path), readFileSync(`${path}.wal`)];
    await store.close();
    writeFileSync(path, main);
    writeFileSync(`${path}.wal`, damage(wal));
    expect(await countAfterReopening()).toBe(2n);
    expect(existsSync(path)).toBe(true);
  });

  test("because it has another schema version is kept aside", async () => {
    await fillAndClose();
    await askDirectly("UPDATE store_version SET version = 0");
    expect(await countAfterReopening()).toBe(2n);
    expect(warnings[0]).toMatch(/schema version 0, not \d/);
    expect(setAside()).toHaveLength(1);
  });

  test("because of damage that only a question meets is kept aside by the load after it", async () => {
    log.append(
      eventsOf(Array.from({ length: 5000 }, (_, at) => `10:00 ada page_view /${at * 7919} id=${at}`).join("\n")),
    );
    const store = await open();
    await store.load();
    await store.close();
    // Three headers of 4 KiB, then blocks of 256 KiB (duckdb.org/docs/stable/internals/storage).
    const [block] = await askDirectly(
      "SELECT block_id FROM pragma_storage_info('events') WHERE column_name = 'event_id' AND block_id >= 0",
    );
    overwrite(
      path,
      12_288 + Number(block) * 262_144 + 5000,
      Uint8Array.from({ length: 64 }, (_, at) => at),
    );
    const damaged = await open();
    const ask = damaged.read((question) =>
      question("SELECT count(DISTINCT path), count(DISTINCT event_id) FROM events"),
    );
    await expect(ask).rejects.toMatchObject({ code: "store_unavailable" });
    expect(await damaged.load()).toMatchObject({ events: 5000 });
    await damaged.close();
    expect(setAside()).toHaveLength(1);
  });

  test("twice in one moment keeps both files", async () => {
    await fillAndClose();
    const clock = { ...systemClock, now: () => 0 };
    for (const text of ["first ", "second "]) {
      writeFileSync(path, text.repeat(4096));
      const store = await openStore({ dataDir: log.dataDir, clock, onWarning: () => {} });
      await store.close();
    }
    expect(setAside()).toHaveLength(2);
  });
});

test("a store that another process holds is in use, not damaged", async () => {
  await fillAndClose();
  const holder = spawn(process.execPath, [
    "--input-type=module",
    "-e",
    `import { DuckDBInstance } from "@duckdb/node-api";
     globalThis.held = await DuckDBInstance.create(${JSON.stringify(path)});
     console.log("held"); setInterval(() => {}, 1000);`,
  ]);
  try {
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    await expect(open()).rejects.toMatchObject({ code: "store_unavailable" });
    expect(setAside()).toEqual([]);
  } finally {
    holder.kill("SIGKILL");
  }
});

describe("an open store", () => {
  test("is readable by its owner alone", async () => {
    await fillAndClose();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("reads no other file and keeps its settings", async () => {
    copyFileSync(new URL(import.meta.url), join(log.dataDir, "other.txt"));
    const store = await open();
    const other = join(log.dataDir, "other.txt");
    await expect(store.read((ask) => ask("SELECT * FROM read_text($other)", { other }))).rejects.toThrow();
    await expect(store.read((ask) => ask("SET enable_external_access = true"))).rejects.toThrow();
    await expect(store.read((ask) => ask("SET memory_limit = '1TB'"))).rejects.toThrow();
    await store.close();
  });

  test("gives a reader one state, whatever is loaded meanwhile", async () => {
    await fillAndClose();
    const store = await open();
    const counts = await store.read(async (ask) => {
      const [before] = await ask("SELECT count(*) AS n FROM events");
      log.append(eventsOf("11:00 eve page_view /c id=9"));
      await store.load();
      const [after] = await ask("SELECT count(*) AS n FROM events");
      return [before?.["n"], after?.["n"]];
    });
    expect(counts).toEqual([2n, 2n]);
    expect(await store.read((ask) => ask("SELECT count(*) AS n FROM events"))).toEqual([{ n: 3n }]);
    await store.close();
  });

  test("lets no reader write", async () => {
    await fillAndClose();
    const store = await open();
    await expect(store.read((ask) => ask("DELETE FROM events"))).rejects.toMatchObject({ code: "store_unavailable" });
    await store.close();
  });
});

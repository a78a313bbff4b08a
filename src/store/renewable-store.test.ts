/** Holds what becomes of a store that is made anew after an erasure: no trace of the erased, and an answer at any time. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import { filesHolding, VICTIM, writeShards } from "../../test/fault/erase-fixtures.ts";
import { makeFolder } from "../../test/fault/log-fixtures.ts";
import { systemClock } from "../clock.ts";
import { eraseEvents, type Owner } from "../log/erase/erase-log.ts";
import { removeStoreFiles } from "./remove-store.ts";
import { openRenewable, type RenewableOptions, type RenewableStore } from "./renewable-store.ts";
import { openStore } from "./store.ts";

const ALL = 60n;
const LEFT = 40n;
const HOLD_MS = 60_000;

let dataDir = "";
let warnings: string[] = [];

beforeEach(() => {
  dataDir = makeFolder();
  writeShards(dataDir);
  warnings = [];
});

function open(options: Partial<RenewableOptions> = {}): Promise<RenewableStore> {
  const onWarning = (warning: string): number => warnings.push(warning);
  return openRenewable({
    ...{ dataDir, clock: systemClock, onWarning, hasRoom: async () => true },
    open: () => openStore({ dataDir, clock: systemClock, onWarning }),
    ...options,
  });
}

async function openLoaded(options: Partial<RenewableOptions> = {}): Promise<RenewableStore> {
  const store = await open(options);
  await store.load();
  expect(await countIn(store)).toBe(ALL);
  return store;
}

async function countIn(store: RenewableStore): Promise<unknown> {
  const [row] = await store.read((ask) => ask("SELECT count(*) AS events FROM events"));
  return row?.["events"];
}

function storeFiles(): readonly string[] {
  return readdirSync(dataDir).filter((name) => name.startsWith("store"));
}

/** Rewrites the log; the store and what else an owner has are left to the test. */
async function eraseFromLog(owner: Partial<Owner> = {}): Promise<void> {
  const forgotten = { eventIds: 0, liveEvents: 0, storeFiles: [] };
  const nothing = async (): Promise<void> => undefined;
  await eraseEvents({
    ...{ dataDir, clock: systemClock, target: { kind: "visitor", value: VICTIM, before: null } },
    owner: { seal: nothing, hold: nothing, forget: async () => forgotten, ...owner },
  });
}

describe("a store that is made anew", () => {
  it("answers from the old file meanwhile, and leaves nothing of it or beside it", async () => {
    const store = await openLoaded();
    const left = ["store-set-aside-2026-11-20T00-00-00-000Z.duckdb", "store-replay.duckdb", "store-copy.tmp"];
    for (const name of [...left, "store-replay.duckdb.wal.recovery"]) writeFileSync(join(dataDir, name), VICTIM);
    mkdirSync(join(dataDir, "store-replay.duckdb.tmp"));
    await store.hold(HOLD_MS);
    await eraseFromLog();
    const counts = new Set<unknown>();
    let isDone = false;
    const renewing = store.renew().finally(() => {
      isDone = true;
    });
    while (!isDone) counts.add(await countIn(store));
    expect(await renewing).toEqual(expect.arrayContaining([...left, "store.duckdb"]));
    expect([...counts]).toContain(ALL);
    expect([ALL, LEFT]).toEqual(expect.arrayContaining([...counts]));
    expect(await countIn(store)).toBe(LEFT);
    expect((await store.load()).events).toBe(0);
    await store.close();
    expect(await filesHolding(dataDir, VICTIM)).toEqual([]);
    expect(storeFiles()).toEqual(["store.duckdb"]);
    expect(warnings).toEqual([]);
  });

  it("goes first where the disk has no room for two, or the new file cannot be built, and says so", async () => {
    let asked = 0;
    let isFull = true;
    const hasRoom = async (bytes: number): Promise<boolean> => {
      asked = bytes;
      if (!isFull) mkdirSync(join(dataDir, "store-renewed.duckdb"));
      return !isFull;
    };
    const store = await openLoaded({ hasRoom });
    await store.hold(HOLD_MS);
    await eraseFromLog();
    const renewing = store.renew();
    const refused = await untilRefused(store);
    expect(refused).toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining("made anew from the log"),
    });
    await renewing;
    expect(asked).toBeGreaterThan(10_000);
    expect(await countIn(store)).toBe(LEFT);
    isFull = false;
    await store.renew();
    expect(await countIn(store)).toBe(LEFT);
    await store.close();
    expect(await filesHolding(dataDir, VICTIM)).toEqual([]);
    expect(storeFiles()).toEqual(["store.duckdb"]);
    const said = warnings.map((warning) => warning.split("; questions are not answered meanwhile: ")[1]);
    expect(said).toEqual(["the disk has no room for a second one", expect.stringMatching(/directory/i)]);
  });

  it("stops a replay, takes none until it is done, and is made anew once more for who asks meanwhile", async () => {
    // What a replay or an earlier renewal has read may have been rewritten since.
    const begun = Promise.withResolvers<void>();
    const mayGoOn = Promise.withResolvers<boolean>();
    const rooms = [mayGoOn.promise, Promise.resolve(true)];
    const hasRoom = async (): Promise<boolean> => {
      begun.resolve();
      return rooms.shift() ?? false;
    };
    const store = await openLoaded({ hasRoom });
    const stopped = expect(store.rebuild()).rejects.toMatchObject({
      message: expect.stringContaining("erasure is under way"),
    });
    await store.hold(HOLD_MS);
    await stopped;
    await expect(store.rebuild()).rejects.toMatchObject({ code: "store_unavailable" });
    const orphaned = store.renew();
    await begun.promise;
    const renewing = store.renew();
    mayGoOn.resolve(true);
    await Promise.all([orphaned, renewing]);
    expect(rooms).toEqual([]);
    expect(await store.rebuild()).toMatchObject({ events: Number(ALL), resumed: 0 });
    await store.close();
    expect(warnings).toEqual([]);
  });
});

async function untilRefused(store: RenewableStore): Promise<unknown> {
  for (;;) {
    const refused = await countIn(store).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refused !== undefined) return refused;
  }
}

const RENEWER = fileURLToPath(new URL("../../test/fault/renewer.ts", import.meta.url));

describe("a process that is killed while it makes a store anew", () => {
  it.each(["a batch stored", "files exchanged"])(
    "leaves nothing to the next erasure, nor to the next start, behind: %s",
    async (step) => {
      const child = spawn(process.execPath, [RENEWER, dataDir, VICTIM, step], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      expect(await once(child, "close")).toEqual([null, "SIGKILL"]);
      expect(storeFiles().includes("store-renewed.duckdb")).toBe(step === "a batch stored");
      const holding = step === "files exchanged" ? [] : ["store.duckdb", "store.duckdb.wal"];
      expect(await filesHolding(dataDir, VICTIM)).toEqual(holding);
      const another = makeFolder();
      cpSync(dataDir, another, { recursive: true });

      await eraseFromLog({
        forget: async () => ({ eventIds: 0, liveEvents: 0, storeFiles: removeStoreFiles(dataDir) }),
      });
      expect(storeFiles()).toEqual([]);
      expect(readdirSync(dataDir).filter((name) => name.startsWith("erasure-"))).toHaveLength(1);

      dataDir = another;
      const store = await open();
      await store.load();
      expect(await countIn(store)).toBe(LEFT);
      await store.close();
      expect(await filesHolding(dataDir, VICTIM)).toEqual([]);
      expect(storeFiles()).toEqual(["store.duckdb"]);
    },
    60_000,
  );
});

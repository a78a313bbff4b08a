/** Verify beside a collector that appends and seals, and somebody who compresses and deletes: never a false alarm. */
import {
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { readManifest, withoutShard, withShard, writeManifest } from "../../src/log/files/manifest.ts";
import { claimShards } from "../../src/log/owner/ownership.ts";
import { measureShard } from "../../src/log/read/measure-shard.ts";
import { encodeLines } from "../../src/log/write/encode-line.ts";
import { isLong } from "../means.ts";
import { makeFolder, openTestLog } from "./log-fixtures.ts";
import { makeEvent } from "./make-event.ts";
import { verify } from "./verify-fixtures.ts";

const ROUNDS = isLong ? 300 : 25;
const EVENTS = 50;

/** Appends under one start, seals by link and unlink as the collector does, and compresses and deletes the oldest. */
class Folder {
  readonly dataDir: string;
  private seq = 0;
  private shards = 0;
  private deleted = 0;

  constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  append(): void {
    const events = Array.from({ length: EVENTS }, (_, index) => makeEvent(String(index)));
    const lines = encodeLines(events, { writer: "w1", start: "start", seq: this.seq });
    this.seq += EVENTS;
    const half = Math.floor(lines.length / 2);
    writeFileSync(this.path("metrics.jsonl"), lines.slice(0, half), { flag: "a" });
    writeFileSync(this.path("metrics.jsonl"), lines.slice(half), { flag: "a" });
  }

  seal(): void {
    this.shards += 1;
    linkSync(this.path("metrics.jsonl"), this.path(this.shard(this.shards)));
    unlinkSync(this.path("metrics.jsonl"));
  }

  async compressNewest(): Promise<void> {
    const shard = this.shard(this.shards);
    const facts = { ...(await measureShard(this.path(shard))), generation: 0 };
    writeManifest(this.dataDir, withShard(readManifest(this.dataDir), shard, facts));
    writeFileSync(this.path(`${shard}.gz.tmp`), gzipSync(readFileSync(this.path(shard))));
    renameSync(this.path(`${shard}.gz.tmp`), this.path(`${shard}.gz`));
    await turn();
    unlinkSync(this.path(shard));
  }

  /** The file first and the manifest later, which is the order that shows a shard as missing in between. */
  async deleteOldest(): Promise<void> {
    if (this.shards - this.deleted < 4) return;
    this.deleted += 1;
    const shard = this.shard(this.deleted);
    rmSync(this.path(`${shard}.gz`));
    for (let turns = 0; turns < 20; turns++) await turn();
    writeManifest(this.dataDir, withoutShard(readManifest(this.dataDir), shard));
  }

  private shard(number: number): string {
    return `metrics-2026-11-23.${number}.jsonl`;
  }

  private path(name: string): string {
    return join(this.dataDir, name);
  }
}

it("finds nothing while files grow, are sealed, compressed and deleted", async () => {
  const folder = new Folder(makeFolder());
  const state = { isDone: false, hasFailed: false, reads: 0 };
  const work = async (): Promise<void> => {
    for (let round = 0; round < ROUNDS || (state.reads < 3 && !state.hasFailed); round++) {
      folder.append();
      await turn();
      folder.append();
      folder.seal();
      await turn();
      const claim = await claimShards(folder.dataDir, systemClock);
      await folder.compressNewest();
      await folder.deleteOldest();
      await claim.release();
    }
    state.isDone = true;
  };
  const working = work();
  onTestFinished(() => {
    state.hasFailed = true;
    return working;
  });
  while (!state.isDone) {
    expect((await verify(folder.dataDir)).damage).toEqual([]);
    state.reads += 1;
  }
  await working;
  expect(state.reads).toBeGreaterThan(1);
  expect((await verify(folder.dataDir)).files).toHaveLength(3);
}, 120_000);

it("finds nothing in the file of a collector that is running, whatever the moment", async () => {
  const dataDir = makeFolder();
  const log = await openTestLog(dataDir);
  const appends = Array.from({ length: 200 }, (_, index) => index);
  const appending = (async () => {
    for (const index of appends) await log.append([makeEvent(String(index)), makeEvent(`${index}b`)]);
  })();
  let isDone = false;
  appending.finally(() => {
    isDone = true;
  });
  while (!isDone) expect((await verify(dataDir)).damage).toEqual([]);
  await appending;
  const active = readdirSync(dataDir).filter((name) => name === "metrics.jsonl");
  expect(existsSync(join(dataDir, active[0] ?? ""))).toBe(true);
  expect((await verify(dataDir)).files[0]?.forms[0].scan?.events).toBe(400);
}, 60_000);

/**
 * How long does it take to remove the oldest day of 30 from the store, with every trace in its file, and how long do readers
 * wait meanwhile? Reference in the same run: DELETE and CHECKPOINT, which leave the bytes. Counts are checked, and so is
 * that a planted id is found in the file's bytes after the reference and not after ours. Run: npm run bench -- retention
 * [events, default 1000000]
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { systemClock } from "../src/clock.ts";
import type { AcceptedEvent } from "../src/event.ts";
import { encodeLines } from "../src/log/write/encode-line.ts";
import { openStore } from "../src/store/store.ts";

const EVENTS = Number(process.argv[2] ?? 1_000_000);
const DAYS = 30;
const DAY_MS = 86_400_000;
const START = Date.parse("2026-10-01T00:00:00Z");
/** The id of the first event. DuckDB keeps a UUID backwards with its highest bit turned; texts it compresses. */
const PLANTED = randomUUID();
const FIRST_DAY = Math.ceil(EVENTS / DAYS);
const LOT = 50_000;

/** Some 200 visitors at a time, each for 12 events on average, spread over 30 days. */
function makeEvent(index: number): AcceptedEvent {
  const visitor = Math.floor(index / 2_400) * 200 + ((index * 7_919) % 200);
  const at = new Date(START + Math.floor((index * DAYS * DAY_MS) / EVENTS)).toISOString();
  const page = Math.floor(2_000 ** (((index * 104_729) % 10_007) / 10_007));
  return {
    ...{ event: "page_view", visitorId: `visitor-${visitor}`, timestamp: at, receivedAt: at },
    ...{
      metadata: { path: `/page-${page}` },
      eventId: index === 0 ? PLANTED : randomUUID(),
    },
    ...{
      site: "a.com",
      url: `https://a.com/page-${page}`,
      title: `Page ${page}`,
      screen: "1440x900",
      language: "en-GB",
    },
    ...{ sampleRate: 1, serverSampleRate: 1, browser: "Firefox", os: "Linux", device: "desktop", isBot: false },
  };
}

function check(what: string, found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`${what}: ${String(found)}, ${String(expected)} expected`);
}

function holdsPlanted(bytes: Buffer): boolean {
  const id = Buffer.from(PLANTED.replaceAll("-", ""), "hex").reverse();
  id.writeUInt8(id.readUInt8(15) ^ 0x80, 15);
  return bytes.includes(id);
}

async function timed<Result>(work: () => Promise<Result>): Promise<readonly [Result, seconds: number]> {
  const started = performance.now();
  return [await work(), (performance.now() - started) / 1000];
}

/** Returns seconds. */
async function deletePlainly(path: string): Promise<number> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  const before = new Date(START + DAY_MS).toISOString();
  const [, seconds] = await timed(async () => {
    await connection.run(`DELETE FROM events WHERE received_at < '${before}'::TIMESTAMP`);
    await connection.run("CHECKPOINT");
  });
  const reader = await connection.runAndReadAll("SELECT count(*)::INTEGER FROM events");
  check("after DELETE", reader.getRowsJS()[0]?.[0], EVENTS - FIRST_DAY);
  connection.closeSync();
  instance.closeSync();
  return seconds;
}

const folder = mkdtempSync(join(tmpdir(), "passerby-bench-"));
try {
  for (let from = 0; from < EVENTS; from += LOT) {
    const events = Array.from({ length: Math.min(LOT, EVENTS - from) }, (_, at) => makeEvent(from + at));
    writeFileSync(join(folder, "metrics.jsonl"), encodeLines(events, { writer: "w1", start: "bench", seq: from }), {
      flag: "a",
    });
  }
  let nowMs = START + (DAYS - 1) * DAY_MS;
  const clock = { ...systemClock, now: () => nowMs };
  const open = () => openStore({ dataDir: folder, clock, retentionDays: DAYS, onWarning: console.error });
  const path = join(folder, "store.duckdb");
  let store = await open();
  check("load", (await store.load()).events, EVENTS);
  await store.close();
  const full = readFileSync(path);
  check("the planted id before", holdsPlanted(full), true);
  console.log(
    `Node ${process.versions.node}, ${EVENTS} events in ${Math.round(full.length / 1e6)} MB, ${FIRST_DAY} of them too old`,
  );
  const plainSeconds = await deletePlainly(path);
  check("the planted id after DELETE and CHECKPOINT", holdsPlanted(readFileSync(path)), true);
  writeFileSync(path, full);

  store = await open();
  nowMs += DAY_MS;
  let longestMs = 0;
  let isDone = false;
  const asking = (async () => {
    while (!isDone) {
      const started = performance.now();
      await store.read((ask) => ask("SELECT count(*) FROM sessions"));
      longestMs = Math.max(longestMs, performance.now() - started);
    }
  })();
  const [removed, seconds] = await timed(() => store.removeExpired());
  isDone = true;
  await asking;
  check("removed", removed, FIRST_DAY);
  await store.close();
  check("the planted id", holdsPlanted(readFileSync(path)), false);
  console.log(`DELETE and CHECKPOINT  ${plainSeconds.toFixed(2)} s, the bytes stay`);
  console.log(
    `ours                   ${seconds.toFixed(2)} s (${(seconds / plainSeconds).toFixed(1)} times), ` +
      `${Math.round((EVENTS - removed) / seconds).toLocaleString("en-US")} events/s stay, ` +
      `${Math.round(statSync(path).size / 1e6)} MB; a reader waited ${Math.round(longestMs)} ms at the most`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

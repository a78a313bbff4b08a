/**
 * How many events a second does the store load, in a rebuild and live, and what does an event cost? Reference in the
 * same run: DuckDB's own read_ndjson counting the same file, which reads every field and stores nothing. CPU is given
 * for the main thread, which acknowledging shares, and for the process. The live loads add lots of lines to a store that
 * holds the rebuild already, a load each; the first event of each lot is asked for and must be there. Every count is
 * checked. Run: npm run bench -- load [events, default 1000000] [rounds]
 */
import { appendFileSync, closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { systemClock } from "../src/clock.ts";
import { encodeLines } from "../src/log/write/encode-line.ts";
import { openStore, type Store } from "../src/store/store.ts";
import { streamEvent } from "./support/sample-events.ts";

const EVENTS = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = Number(process.argv[3] ?? 5);
const LIVE_LOTS = [10, 100, 1_000, 5_000, 20_000];
const WRITE_EVENTS = 5_000;

type Cost = { readonly seconds: number; readonly mainMicros: number; readonly allMicros: number };

function linesOf(from: number, count: number): string {
  const events = Array.from({ length: count }, (_, at) => streamEvent(from + at, EVENTS));
  return encodeLines(events, { writer: "w1", start: "bench", seq: from });
}

function writeLog(path: string): void {
  const file = openSync(path, "w");
  for (let from = 0; from < EVENTS; from += WRITE_EVENTS) {
    writeSync(file, linesOf(from, Math.min(WRITE_EVENTS, EVENTS - from)));
  }
  closeSync(file);
}

async function measure(events: number, work: () => Promise<void>): Promise<Cost> {
  const [cpu, main, started] = [process.cpuUsage(), process.threadCpuUsage(), performance.now()];
  await work();
  const seconds = (performance.now() - started) / 1000;
  const [all, own] = [process.cpuUsage(cpu), process.threadCpuUsage(main)];
  return { seconds, mainMicros: (own.user + own.system) / events, allMicros: (all.user + all.system) / events };
}

function median<Value>(values: readonly Value[], by: (value: Value) => number): Value {
  const sorted = [...values].sort((a, b) => by(a) - by(b));
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error("no rounds were run");
  return middle;
}

function check(what: string, found: unknown, expected: number): void {
  if (Number(found) !== expected) throw new Error(`${what}: ${String(found)} events, ${expected} were written`);
}

async function countPlainly(path: string): Promise<Cost> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const cost = await measure(EVENTS, async () => {
    const reader = await connection.runAndReadAll("SELECT count(*) FROM read_ndjson($path)", { path });
    check("read_ndjson", reader.getRowsJS()[0]?.[0], EVENTS);
  });
  connection.closeSync();
  instance.closeSync();
  return cost;
}

async function rebuild(folder: string): Promise<Cost> {
  for (const ending of ["", ".wal"]) rmSync(join(folder, `store.duckdb${ending}`), { force: true });
  const store = await openStore({ dataDir: folder, clock: systemClock, onWarning: console.error });
  const cost = await measure(EVENTS, async () => check("rebuild", (await store.load()).events, EVENTS));
  await store.close();
  return cost;
}

async function loadLive(store: Store, path: string): Promise<void> {
  let next = EVENTS;
  for (const lot of LIVE_LOTS) {
    const costs: Cost[] = [];
    for (let round = 0; round < ROUNDS * 2; round += 1) {
      appendFileSync(path, linesOf(next, lot));
      next += lot;
      costs.push(await measure(lot, async () => check("live load", (await store.load()).events, lot)));
    }
    const { seconds, mainMicros, allMicros } = median(costs, (cost) => cost.seconds);
    const most = Math.max(...costs.map((cost) => cost.seconds));
    const each = `${(seconds * 1000).toFixed(0)} ms a load (most ${(most * 1000).toFixed(0)})`;
    const total = `${((allMicros * lot) / 1000).toFixed(0)} ms of CPU, ${((mainMicros * lot) / 1000).toFixed(1)} of it on the main thread`;
    console.log(`live, ${String(lot).padStart(6)} events  ${each}, ${total}`);
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

function describe(cost: Cost): string {
  const rate = Math.round(EVENTS / cost.seconds).toLocaleString("en-US");
  return `${rate} events/s, ${cost.mainMicros.toFixed(2)} µs of CPU an event on the main thread, ${cost.allMicros.toFixed(2)} in all`;
}

const folder = mkdtempSync(join(tmpdir(), "passerby-bench-"));
try {
  const path = join(folder, "metrics.jsonl");
  writeLog(path);
  console.log(`Node ${process.versions.node}, ${EVENTS} events, ${megabytes(statSync(path).size)}, ${ROUNDS} rounds`);
  await countPlainly(path);
  const rounds: { readonly plain: Cost; readonly ours: Cost }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const isReversed = round % 2 === 1;
    const first = isReversed ? await rebuild(folder) : await countPlainly(path);
    const second = isReversed ? await countPlainly(path) : await rebuild(folder);
    rounds.push(isReversed ? { plain: second, ours: first } : { plain: first, ours: second });
  }
  const plain = median(rounds, ({ plain: { allMicros } }) => allMicros).plain;
  const ours = median(rounds, ({ ours: { allMicros } }) => allMicros).ours;
  const ratio = median(rounds, (round) => round.ours.allMicros / round.plain.allMicros);
  console.log(`read_ndjson, count only  ${describe(plain)}`);
  console.log(
    `rebuild                  ${describe(ours)}: ${(ratio.ours.allMicros / ratio.plain.allMicros).toFixed(1)} times the reference's CPU`,
  );
  console.log(`most memory so far       ${megabytes(process.resourceUsage().maxRSS * 1024)}`);
  const store = await openStore({ dataDir: folder, clock: systemClock, onWarning: console.error });
  await loadLive(store, path);
  await store.close();
  console.log(
    `store                    ${Math.round(statSync(join(folder, "store.duckdb")).size / EVENTS)} bytes an event`,
  );
} finally {
  rmSync(folder, { recursive: true });
}

/**
 * How long do the dashboard's questions take over a month of events, and how long the load before them? References in
 * the same run: a plain scan in JavaScript of the same events, held as arrays in memory, and the shortest DuckDB
 * statement for the same figure on the same file (no visits, no filters, no estimates). Answers are checked against the
 * scan before anything is timed. Also: how long an appended line takes to be in an answer, with a load every 500 ms as
 * the server does. Median of the rounds. Run: npm run bench -- query [events, default 1000000] [rounds]
 */
import { appendFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/clock.ts";
import type { AcceptedEvent } from "../src/event.ts";
import { encodeLines } from "../src/log/write/encode-line.ts";
import { parseQuery } from "../src/query/parse-query.ts";
import { answer } from "../src/query/query.ts";
import { openStore, type Store } from "../src/store/store.ts";
import { sampleEvent } from "./support/sample-events.ts";

const EVENTS = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = Number(process.argv[3] ?? 5);
const START = Date.parse("2026-10-01T00:00:00Z");
const NOW = Date.parse("2026-10-31T00:00:00Z");
const MONTH_MS = NOW - START;
const PAGES = 2_000;
const SOURCES = ["google", "news.example", "mail", undefined];
const METRICS = ["visitors", "visits", "pageviews", "events", "bounce_rate", "visit_duration", "views_per_visit"];

/** Deterministic numbers in [0, 1): the constants are those of Numerical Recipes. */
function makeRandom(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Columns of the same events, as lean as JavaScript can hold them: what the scan reads. */
type Columns = {
  readonly day: Uint8Array;
  readonly page: Uint16Array;
  readonly visitor: Uint32Array;
  readonly isView: Uint8Array;
};

function writeLog(path: string): Columns {
  const random = makeRandom();
  const columns = {
    day: new Uint8Array(EVENTS),
    page: new Uint16Array(EVENTS),
    visitor: new Uint32Array(EVENTS),
    isView: new Uint8Array(EVENTS),
  };
  const batch: AcceptedEvent[] = [];
  for (let index = 0; index < EVENTS; index += 1) {
    // Some 200 visitors are there at a time, each for 12 events on average; pages as Zipf's law has them.
    const visitor = Math.floor(index / 12) + Math.floor(random() * 200);
    const page = Math.floor(PAGES ** random()) - 1;
    const at = START + Math.floor((index / EVENTS) * MONTH_MS);
    const isView = index % 5 !== 0;
    columns.day[index] = Math.floor((at - START) / 86_400_000);
    columns.page[index] = page;
    columns.visitor[index] = visitor;
    columns.isView[index] = isView ? 1 : 0;
    batch.push(makeEvent({ index, visitor, page, at, isView }));
    if (batch.length === 10_000 || index === EVENTS - 1) {
      const seq = index + 1 - batch.length;
      appendFileSync(path, encodeLines(batch.splice(0), { writer: "w1", start: "bench", seq }));
    }
  }
  return columns;
}

type Made = { index: number; visitor: number; page: number; at: number; isView: boolean };

function makeEvent({ index, visitor, page, at, isView }: Made): AcceptedEvent {
  const source = SOURCES[visitor % SOURCES.length];
  return sampleEvent(
    { index, visitor, page, atMs: at },
    {
      event: isView ? "page_view" : "link_click",
      ...(source !== undefined && { source, referrer: `https://${source}/` }),
    },
  );
}

async function ask(store: Store, body: object): Promise<readonly (readonly (string | number | null)[])[]> {
  const query = parseQuery({ site: "a.com", date_range: ["2026-10-01", "2026-10-30"], ...body }, { sites: ["a.com"] });
  const { results } = await answer(store, query, NOW);
  return results.map(({ dimensions, metrics }) => [...dimensions, ...metrics]);
}

async function time(work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}

/** Visitors of the month, of each day, and of each page. */
function scan(
  { day, page, visitor, isView }: Columns,
  by: "total" | "day" | "page",
): ReadonlyMap<number, readonly [number, number]> {
  const visitors = new Map<number, Set<number>>();
  const views = new Map<number, number>();
  for (let index = 0; index < EVENTS; index += 1) {
    const key = by === "day" ? (day[index] ?? 0) : by === "page" ? (page[index] ?? 0) : 0;
    const set = visitors.get(key) ?? new Set();
    visitors.set(key, set);
    set.add(visitor[index] ?? 0);
    if (isView[index] === 1) views.set(key, (views.get(key) ?? 0) + 1);
  }
  return new Map([...visitors].map(([key, set]) => [key, [set.size, views.get(key) ?? 0]]));
}

const TWO = ["visitors", "pageviews"];
const SHORTEST = "count(DISTINCT visitor_id) AS visitors, count_if(event = 'page_view') AS views FROM events";
const QUESTIONS = [
  { name: "totals, 2 figures", by: "total", body: { metrics: TWO }, sql: `SELECT ${SHORTEST}` },
  {
    name: "visitors and views by day",
    by: "day",
    body: { metrics: TWO, dimensions: ["time:day"] },
    sql: `SELECT epoch_ms(timestamp) // 86400000 AS day, ${SHORTEST} GROUP BY ALL`,
  },
  {
    name: "top 10 pages by visitors",
    by: "page",
    body: { metrics: TWO, dimensions: ["event:page"], pagination: { limit: 10, offset: 0 } },
    sql: `SELECT path, ${SHORTEST} GROUP BY ALL ORDER BY visitors DESC LIMIT 10`,
  },
] as const;
const MORE = [
  { name: "totals, all 7 figures", body: { metrics: METRICS } },
  {
    name: "totals beside the period before",
    body: { metrics: METRICS, include: { comparisons: { mode: "previous_period" } } },
  },
  { name: "sources by visitors", body: { metrics: ["visitors", "bounce_rate"], dimensions: ["visit:source"] } },
  {
    name: "entry pages by visits",
    body: {
      metrics: ["visits", "bounce_rate"],
      dimensions: ["visit:entry_page"],
      pagination: { limit: 10, offset: 0 },
    },
  },
  { name: "totals of one source", body: { metrics: METRICS, filters: [["is", "visit:source", ["google"]]] } },
  { name: "totals of one page", body: { metrics: METRICS, filters: [["is", "event:page", ["/page-0"]]] } },
] as const;

async function run(folder: string): Promise<void> {
  const columns = writeLog(join(folder, "metrics.jsonl"));
  const store = await openStore({ dataDir: folder, clock: systemClock, onWarning: console.error });
  const started = performance.now();
  const cpu = process.cpuUsage();
  await store.load();
  const used = process.cpuUsage(cpu);
  const cpuMicros = (used.user + used.system) / EVENTS;
  const seconds = (performance.now() - started) / 1000;
  const bytes = statSync(join(folder, "store.duckdb")).size;
  console.log(
    `load: ${EVENTS} events in ${seconds.toFixed(1)} s, ${Math.round(EVENTS / seconds)} a second, ${cpuMicros.toFixed(0)} µs of CPU and ${Math.round(bytes / EVENTS)} bytes each`,
  );
  console.log(`load with nothing new: ${(await time(() => store.load())).toFixed(2)} ms`);
  for (const { name, by, body, sql } of QUESTIONS) {
    check(name, await ask(store, body), scan(columns, by));
    const ours = await time(() => ask(store, body));
    const naive = await time(() => scan(columns, by));
    const shortest = await time(() => store.read((question) => question(sql)));
    console.log(
      `${name}: ${ours.toFixed(0)} ms; scan ${naive.toFixed(0)} ms (${(naive / ours).toFixed(1)} times as long); ` +
        `shortest statement ${shortest.toFixed(0)} ms (ours takes ${(ours / shortest).toFixed(1)} times that)`,
    );
  }
  for (const { name, body } of MORE) console.log(`${name}: ${(await time(() => ask(store, body))).toFixed(0)} ms`);
  await timeToVisible(store, join(folder, "metrics.jsonl"));
  await store.close();
}

/** Every figure that the answer gives must be the scan's. */
function check(
  name: string,
  rows: readonly (readonly (string | number | null)[])[],
  expected: ReadonlyMap<number, readonly [number, number]>,
): void {
  for (const row of rows) {
    const [label, visitors, views] = row.length === 3 ? row : ["0", ...row];
    const text = String(label);
    const key = text.startsWith("/page-")
      ? Number(text.slice(6))
      : text.startsWith("2026-10-")
        ? Number(text.slice(8)) - 1
        : 0;
    const [naiveVisitors, naiveViews] = expected.get(key) ?? [];
    if (visitors !== naiveVisitors || views !== naiveViews)
      throw new Error(`${name}: ${row} is not ${expected.get(key)}`);
  }
}

async function timeToVisible(store: Store, path: string): Promise<void> {
  const times: number[] = [];
  const timer = setInterval(() => void store.load(), 500);
  for (let round = 0; round < 10; round += 1) {
    const event = makeEvent({ index: EVENTS + round, visitor: 1, page: 0, at: NOW - 1000 + round, isView: true });
    const renamed = { ...event, event: `visible-${round}` };
    const started = performance.now();
    appendFileSync(path, encodeLines([renamed], { writer: "w1", start: "bench", seq: EVENTS + round }));
    const body = { metrics: ["events"], filters: [["is", "event:name", [renamed.event]]] };
    while ((await ask(store, body))[0]?.[0] !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
    times.push(performance.now() - started);
  }
  clearInterval(timer);
  times.sort((a, b) => a - b);
  console.log(`from the line to the answer: median ${times[5]?.toFixed(0)} ms, most ${times.at(-1)?.toFixed(0)} ms`);
}

const folder = mkdtempSync(join(tmpdir(), "passerby-bench-"));
try {
  console.log(`Node ${process.version}, ${EVENTS} events over 30 days, ${PAGES} pages, median of ${ROUNDS}`);
  await run(folder);
} finally {
  rmSync(folder, { recursive: true });
}

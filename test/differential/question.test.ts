/** Holds DuckDB's answers equal to plain loops over the same events, from real log files through real loads. */
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { activeName } from "../../src/log/files/log-files.ts";
import { encodeLines } from "../../src/log/write/encode-line.ts";
import { parseQuery } from "../../src/query/parse-query.ts";
import { answer } from "../../src/query/query.ts";
import {
  type AnswerRow,
  type Dimension,
  EVENT_DIMENSIONS,
  type Filter,
  METRICS,
  type Metric,
  VISIT_DIMENSIONS,
} from "../../src/report.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { isLong } from "../means.ts";
import { answerNaively, findVisits, localTime, type NaiveQuestion, type NaiveRow, withoutRepeats } from "./naive.ts";
import { asStored, PATHS, SITES, SOURCES, type Stream, streams, ZONES } from "./streams.ts";

const DAY_MS = 86_400_000;
const DIMENSIONS = [...EVENT_DIMENSIONS, ...VISIT_DIMENSIONS];
const RATIOS: readonly Metric[] = ["bounce_rate", "visit_duration", "views_per_visit"];

type Ask = {
  readonly dimensions: readonly Dimension[];
  readonly filters: readonly Filter[];
  readonly metrics: readonly Metric[];
  readonly zone: string;
  readonly fromDay: number;
  readonly days: number;
};

const texts = [
  ...PATHS,
  ...SOURCES.map((source) => source ?? "Direct / None"),
  "page_view",
  "signup",
  "(not set)",
  "desktop",
];

const filter: fc.Arbitrary<Filter> = fc.oneof(
  fc.tuple(
    fc.constantFrom("is", "is_not", "contains", "contains_not"),
    fc.constantFrom(...DIMENSIONS),
    fc.array(fc.constantFrom(...texts, "_", "%", "/p"), { minLength: 1, maxLength: 3 }),
  ),
  fc.constant(["is", "visit:is_bot", ["true"]] as const),
  fc.constant(["is_not", "visit:is_bot", ["true", "false"]] as const),
  fc.constant(["is", "event:name", ["smoke_test", "signup"]] as const),
);

const ask: fc.Arbitrary<Ask> = fc
  .record({
    time: fc.constantFrom(undefined, undefined, "time:hour", "time:day", "time:week", "time:month"),
    named: fc.uniqueArray(fc.constantFrom(...DIMENSIONS), { maxLength: 2 }),
    filters: fc.array(filter, { maxLength: 2 }),
    metrics: fc.uniqueArray(fc.constantFrom(...METRICS), { minLength: 1, maxLength: 7 }),
    zone: fc.constantFrom(...ZONES),
    fromDay: fc.nat({ max: 2 }),
    days: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ time, named, metrics, ...rest }) => ({
    ...rest,
    dimensions: [...(time === undefined ? [] : [time]), ...named] as readonly Dimension[],
    metrics: named.includes("event:name") ? metrics.filter((metric) => !RATIOS.includes(metric)) : metrics,
  }))
  .filter(({ metrics }) => metrics.length > 0);

test("answers like plain loops over the events, however the log reached the store", { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      streams(60),
      fc.array(fc.nat({ max: 60 }), { maxLength: 3 }),
      fc.array(ask, { minLength: 6, maxLength: 6 }),
      async (stream, cuts, asks) => {
        const { store, remove } = await load(stream, cuts);
        try {
          const events = withoutRepeats(stream.events.map(asStored));
          const known = findVisits(events);
          for (const site of SITES) {
            for (const one of asks) {
              const question = toQuestion(one, site, stream.start);
              const expected = answerNaively(events, known, question);
              await compare(store, question, expected);
            }
          }
        } finally {
          await store.close();
          remove();
        }
      },
    ),
    { numRuns: isLong ? 2_000 : 12, interruptAfterTimeLimit: isLong ? 240_000 : 60_000 },
  );
});

async function compare(store: Store, question: NaiveQuestion, expected: readonly NaiveRow[]): Promise<void> {
  const { days, ...rest } = question;
  const query = parseQuery({ ...rest, date_range: days }, { sites: SITES });
  const { results, meta } = await answer(store, query, Date.parse("2030-01-01T00:00:00Z"));
  const found = new Map(results.map((row) => [JSON.stringify(row.dimensions), row]));
  const about = JSON.stringify({ question, results, expected });
  expect([...found.keys()].sort(), about).toEqual(expected.map((row) => JSON.stringify(row.dimensions)).sort());
  for (const row of expected) {
    const shown = found.get(JSON.stringify(row.dimensions));
    for (const [index, metric] of question.metrics.entries()) {
      expectFigure(shown, { index, metric, expected: row, isSampled: meta.sampled, about });
    }
  }
}

type Figure = { index: number; metric: Metric; expected: NaiveRow; isSampled: boolean; about: string };

function expectFigure(shown: AnswerRow | undefined, { index, metric, expected, isSampled, about }: Figure): void {
  const figure = expected.figures[index];
  const value = shown?.metrics[index];
  if (figure === undefined || figure.value === null) {
    expect(value, about).toBeNull();
    return;
  }
  const step = metric === "bounce_rate" || metric === "visit_duration" ? 0.1 : metric === "views_per_visit" ? 0.01 : 1;
  const difference = Math.abs((value ?? Number.NaN) - figure.value);
  expect(difference, `${metric} ${value} for ${figure.value} in ${about}`).toBeLessThanOrEqual(step / 2 + 1e-6);
  const interval = shown?.intervals?.[index];
  if (!isSampled || !interval) {
    // Without an interval the figure claims to be exact.
    expect(figure.variance, about).toBeCloseTo(0, 6);
    return;
  }
  const half = 1.959963984540054 * Math.sqrt(Math.max(0, figure.variance));
  const most = metric === "bounce_rate" ? 100 : Number.POSITIVE_INFINITY;
  const [low, high] = interval;
  expect(Math.abs(low - Math.max(0, figure.value - half)), `${metric} low ${about}`).toBeLessThanOrEqual(step + 1e-6);
  expect(Math.abs(high - Math.min(most, figure.value + half)), `${metric} high ${about}`).toBeLessThanOrEqual(
    step + 1e-6,
  );
}

function toQuestion(one: Ask, site: string, start: number): NaiveQuestion {
  const day = (offset: number): string => localTime(start + offset * DAY_MS, one.zone).slice(0, 10);
  const { dimensions, filters, metrics, zone } = one;
  return {
    site,
    metrics,
    dimensions,
    filters,
    timezone: zone,
    days: [day(one.fromDay), day(one.fromDay + one.days - 1)],
  };
}

/** Writes the stream to two writers' files in pieces, with a damaged line now and then, and loads after each piece. */
async function load(stream: Stream, cuts: readonly number[]): Promise<{ store: Store; remove: () => void }> {
  const dataDir = mkdtempSync(join(tmpdir(), "passerby-differential-"));
  const store = await openStore({ dataDir, clock: systemClock, inMemory: true, onWarning: () => {} });
  const bounds = [0, ...[...cuts].sort((a, b) => a - b), stream.events.length];
  let seq = 0;
  for (const [index, from] of bounds.slice(0, -1).entries()) {
    const events = stream.events.slice(from, bounds[index + 1]);
    const writer = index % 2 === 0 ? 1 : 2;
    const lines = encodeLines(events, { writer: `w${writer}`, start: "start", seq });
    appendFileSync(join(dataDir, activeName(writer)), index === 1 ? `not a line\n${lines}` : lines);
    seq += events.length;
    await store.load();
  }
  return { store, remove: () => rmSync(dataDir, { recursive: true }) };
}

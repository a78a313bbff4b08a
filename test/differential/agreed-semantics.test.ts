/** Holds visits, labels and ranges to cases on which several analytics systems agree. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { AcceptedEvent } from "../../src/event.ts";
import { resolveRange } from "../../src/query/date-range.ts";
import { parseQuery } from "../../src/query/parse-query.ts";
import { answer } from "../../src/query/query.ts";
import { listBuckets, type TimeUnit } from "../../src/query/time-buckets.ts";
import type { Answer } from "../../src/report.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { sharedData } from "../means.ts";
import { eventsOf, makeSampleLog, type SampleLog } from "../sample-log.ts";

const path = sharedData("semantics_agreed.jsonl");

type Case = { readonly id: string; readonly kind: string; readonly input: Input; readonly expected: Expected };
type GivenEvent = {
  readonly t?: number;
  readonly name?: string;
  readonly path?: string;
  readonly user?: number;
  readonly ts?: string;
};
type Input = {
  readonly events?: readonly GivenEvent[];
  readonly split?: string;
  readonly tz?: string;
  readonly day?: string;
  readonly from?: string;
  readonly to?: string;
  readonly now?: string;
  readonly dim?: TimeUnit;
  readonly compare?: string;
  readonly pageviews?: readonly string[];
};
type GivenVisit = {
  readonly bounce?: boolean;
  readonly duration?: number;
  readonly pageviews?: number;
  readonly events?: number;
  readonly entry?: string;
  readonly exit?: string;
};
type Expected = {
  readonly sessions?: readonly GivenVisit[];
  readonly views_per_visit?: number;
  readonly pageviews?: number;
  readonly buckets?: number;
  readonly comparison_buckets?: number;
  readonly rows?: unknown;
  readonly last?: string;
  readonly last_value?: number;
  readonly n?: number;
  readonly from_utc?: string;
  readonly to_utc?: string;
};

const cases: readonly Case[] =
  path === undefined
    ? []
    : readFileSync(path, "utf8")
        .trim()
        .split("\n")
        .map((line): Case => JSON.parse(line));

function named(...ids: readonly string[]): readonly [string, Case][] {
  return cases.filter(({ id }) => ids.includes(id)).map((one) => [one.id, one]);
}

function range(from: string, to: string, timezone: string): ReturnType<typeof resolveRange> {
  return resolveRange([from, to], { timezone, now: 0, firstEventAt: null, trim: false });
}

function labels(from: string, to: string, unit: TimeUnit, timezone: string): readonly string[] {
  return listBuckets(range(from, to, timezone), unit, timezone).map(({ label }) => label);
}

describe.skipIf(path === undefined)("what systems agree on [needs shared data]", () => {
  let log: SampleLog;
  let store: Store;
  beforeEach(async () => {
    log = makeSampleLog();
    store = await openStore({ dataDir: log.dataDir, clock: systemClock, inMemory: true, onWarning: () => {} });
  });
  afterEach(async () => {
    await store.close();
    log.remove();
  });

  function ask(body: object, now = "2026-11-20T18:00:00Z"): Promise<Answer> {
    const query = parseQuery({ site: "a.com", date_range: "day", ...body }, { sites: ["a.com"] });
    return answer(store, query, Date.parse(now));
  }

  async function loadViews(times: readonly string[]): Promise<void> {
    log.append(
      eventsOf(times.map((time) => `${new Date(time).toISOString().slice(0, -1)} ada page_view /`).join("\n")),
    );
    await store.load();
  }

  test.each(named("session_semantics-002", "session_semantics-006", "session_semantics-009"))(
    "%s: a visit",
    async (_, { input, expected }) => {
      const events = (input.events ?? []).map((given, at) => toEvent(given, at));
      const pieces = input.split === undefined ? [events] : [events.slice(0, 2), events.slice(2)];
      for (const piece of pieces) {
        log.append(piece);
        await store.load();
      }
      const rows = await store.read((question) => question("SELECT * FROM sessions"));
      expect(rows).toHaveLength(expected.sessions?.length ?? 0);
      for (const [index, visit] of (expected.sessions ?? []).entries()) expectVisit(rows[index] ?? {}, visit);
    },
  );

  test.each(named("session_semantics-012"))("%s: views per visit", async (_, { input, expected }) => {
    const lines = (input.events ?? []).map(({ user, ts }) => `${ts?.slice(0, -1)} user-${user} page_view /`);
    log.append(eventsOf(lines.join("\n")));
    await store.load();
    const { results } = await ask({ metrics: ["views_per_visit"], date_range: ["2021-01-01", "2021-01-01"] });
    expect(results[0]?.metrics).toEqual([expected.views_per_visit]);
  });

  test.each(named("timezone_dst-001"))("%s: today is today in the zone", async (_, { input, expected }) => {
    await loadViews(input.pageviews ?? []);
    const { results } = await ask({ metrics: ["pageviews"], timezone: input.tz }, input.now);
    expect(results[0]?.metrics).toEqual([expected.pageviews]);
  });

  test.each(named("timezone_dst-006", "timezone_dst-007"))("%s: the repeated hour is two", async (_, { input }) => {
    await loadViews(input.pageviews ?? []);
    const body = { metrics: ["pageviews"], dimensions: ["time:hour"], include: { time_labels: true } };
    const { results, meta } = await ask({ ...body, date_range: [input.day, input.day], timezone: input.tz });
    const isSecond = (at: string): boolean => Date.parse(at) >= Date.parse("2024-11-03T06:00Z");
    const second = (input.pageviews ?? []).filter(isSecond).length;
    const first = (input.pageviews ?? []).length - second;
    const shown = results.map(({ dimensions, metrics }) => [dimensions[0], metrics[0]]);
    expect(shown).toEqual(
      [
        ["2024-11-03 01:00:00-04:00", first],
        ["2024-11-03 01:00:00-05:00", second],
      ].filter(([, count]) => count !== 0),
    );
    expect(meta.time_labels).toHaveLength(25);
  });

  test.each(named("timezone_dst-008"))("%s: the skipped hour is none", async (_, { input, expected }) => {
    await loadViews(input.pageviews ?? []);
    const body = { metrics: ["pageviews"], dimensions: ["time:hour"], include: { time_labels: true } };
    const { results, meta } = await ask({ ...body, date_range: [input.day, input.day], timezone: input.tz });
    expect(meta.time_labels).toHaveLength(expected.buckets ?? 0);
    expect(meta.time_labels?.some((label) => label.includes(" 02:00"))).toBe(false);
    expect(results.at(-1)).toMatchObject({ dimensions: ["2024-03-10 23:00:00"], metrics: [expected.last_value] });
  });

  test.each(named("timezone_dst-009"))("%s: a day of 25 hours is compared whole", async (_, { input, expected }) => {
    const body = { metrics: ["pageviews"], dimensions: ["time:hour"], timezone: input.tz };
    const include = { time_labels: true, comparisons: { mode: "previous_period" } };
    const { meta } = await ask({ ...body, include, date_range: [input.day, input.day] });
    expect(meta.time_labels).toHaveLength(expected.buckets ?? 0);
    expect(meta.comparison_time_labels).toHaveLength(expected.comparison_buckets ?? 0);
  });

  test.each(named("timezone_dst-020", "timezone_dst-021"))("%s: labels", (_, { input, expected }) => {
    const found = labels(input.from ?? "", input.to ?? "", input.dim ?? "day", input.tz ?? "UTC");
    const wanted: readonly string[] = Array.isArray(expected) ? expected : [];
    expect(found.map((label, index) => label.slice(0, wanted[index]?.length))).toEqual(wanted);
  });

  test.each(named("timezone_dst-022", "timezone_dst-023"))("%s: a range cut at now", async (_, { input, expected }) => {
    const body = { metrics: ["pageviews"], dimensions: [`time:${input.dim}`], timezone: input.tz };
    const include = { time_labels: true, trim_relative_date_range: true };
    const { meta } = await ask({ ...body, include, date_range: input.dim === "day" ? "month" : "day" }, input.now);
    expect(meta.time_labels).toHaveLength(expected.n ?? 0);
    expect(meta.time_labels?.at(-1)?.startsWith(expected.last ?? "nothing")).toBe(true);
  });

  test.each(named("timezone_dst-026"))("%s: a day of a zone in UTC", (_, { input, expected }) => {
    const { from, to } = range(input.from ?? "", input.to ?? "", input.tz ?? "UTC");
    const text = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
    expect([text(from), text(to - 1000)]).toEqual([expected.from_utc, expected.to_utc]);
  });
});

function toEvent({ t, name, path: page }: GivenEvent, at: number): AcceptedEvent {
  const [event] = eventsOf(`10:00 ada ${name === "custom_event" ? "signup" : "page_view"} ${page ?? "/"} id=${at}`);
  if (!event) throw new Error("one line makes one event");
  const timestamp = new Date(Date.parse(event.timestamp) + (t ?? at) * 1000).toISOString();
  return { ...event, timestamp, receivedAt: timestamp };
}

function expectVisit(row: Readonly<Record<string, unknown>>, visit: GivenVisit): void {
  const [views, others] = [Number(row["pageviews"]), Number(row["interactions"])];
  const span = [row["start_at"], row["last_at"]].map((at) => (at instanceof Date ? at.getTime() : Number.NaN));
  const found: Required<GivenVisit> = {
    bounce: views < 2 && others === 0,
    duration: ((span[1] ?? Number.NaN) - (span[0] ?? Number.NaN)) / 1000,
    pageviews: views,
    events: views + others,
    entry: String(row["entry_page"]),
    exit: String(row["exit_page"]),
  };
  expect(found).toMatchObject(visit);
}

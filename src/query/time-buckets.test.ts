/** Holds how time is cut: against the calendar of the platform (Intl), which this code does not use. */
import { describe, expect, test } from "vitest";
import { resolveRange } from "./date-range.ts";
import { listBuckets, offsetStretches, type Range } from "./time-buckets.ts";

const MINUTE_MS = 60_000;

function day(date: string, timezone: string): Range {
  return resolveRange([date, date], { timezone, now: 0, firstEventAt: null, trim: false });
}

/** Local-hour starts of every minute of a range, by Intl. */
function hourStarts({ from, to }: Range, timezone: string): readonly number[] {
  const clock = new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, dateStyle: "short", timeStyle: "medium" });
  const starts = new Set<number>();
  for (let at = from; at < to; at += MINUTE_MS) {
    const local = Date.parse(`${clock.format(at).replace(" ", "T")}Z`);
    starts.add(at - (local % 3_600_000));
  }
  return [...starts].sort((a, b) => a - b);
}

describe("hours", () => {
  test.each([
    ["2024-11-03", "America/New_York", 25],
    ["2024-03-10", "America/New_York", 23],
    ["2024-04-07", "Pacific/Chatham", 25],
    ["2024-09-29", "Pacific/Chatham", 23],
    ["2024-04-07", "Australia/Lord_Howe", 25],
    ["2026-07-12", "Asia/Kathmandu", 24],
  ])("of %s in %s are those that every minute of the day falls into", (date, timezone, count) => {
    const range = day(date, timezone);
    const keys = listBuckets(range, "hour", timezone).map(({ key }) => key);
    expect(keys).toEqual(hourStarts(range, timezone));
    expect(keys).toHaveLength(count);
  });

  test("that a clock change repeats are told apart by their offset, and no others are", () => {
    const labels = listBuckets(day("2024-11-03", "America/New_York"), "hour", "America/New_York").map(
      ({ label }) => label,
    );
    expect(labels.slice(0, 4)).toEqual([
      "2024-11-03 00:00:00",
      "2024-11-03 01:00:00-04:00",
      "2024-11-03 01:00:00-05:00",
      "2024-11-03 02:00:00",
    ]);
    expect(new Set(labels).size).toBe(labels.length);
  });

  test("begin with the hour that a range begins in", () => {
    const range = { from: Date.parse("2024-09-04T18:53:17Z"), to: Date.parse("2024-09-04T20:00:00Z") };
    expect(listBuckets(range, "hour", "Europe/Tallinn").map(({ label }) => label)).toEqual([
      "2024-09-04 21:00:00",
      "2024-09-04 22:00:00",
    ]);
  });
});

describe("longer buckets", () => {
  const range = resolveRange(["2024-02-28", "2024-03-12"], {
    timezone: "UTC",
    now: 0,
    firstEventAt: null,
    trim: false,
  });
  const labels = (unit: "day" | "week" | "month"): readonly string[] =>
    listBuckets(range, unit, "UTC").map(({ label }) => label);

  test("have one for each day, the leap day too", () => {
    expect(labels("day")).toHaveLength(14);
    expect(labels("day")[1]).toBe("2024-02-29");
  });

  test("begin weeks on Monday, a cut first week with the range", () => {
    expect(labels("week")).toEqual(["2024-02-28", "2024-03-04", "2024-03-11"]);
  });

  test("name months by their first day", () => {
    expect(labels("month")).toEqual(["2024-02-01", "2024-03-01"]);
  });

  test("leave out a day that a zone has skipped", () => {
    const samoa = resolveRange(["2011-12-29", "2011-12-31"], {
      timezone: "Pacific/Apia",
      now: 0,
      firstEventAt: null,
      trim: false,
    });
    expect(listBuckets(samoa, "day", "Pacific/Apia").map(({ label }) => label)).toEqual(["2011-12-29", "2011-12-31"]);
  });
});

test("a stretch ends where the offset changes, and the last with the range", () => {
  const range = day("2024-11-03", "America/New_York");
  expect(offsetStretches(range, "America/New_York")).toEqual([
    { until: Date.parse("2024-11-03T06:00:00Z"), offsetMs: -4 * 3_600_000 },
    { until: range.to, offsetMs: -5 * 3_600_000 },
  ]);
});

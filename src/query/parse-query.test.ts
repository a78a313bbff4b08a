/** Holds what a question may look like and how each mistake is named. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PasserbyError } from "../errors.ts";
import { parseQuery } from "./parse-query.ts";

const options = { sites: ["a.com", "b.org"] };
const least = { site: "a.com", metrics: ["visitors"], date_range: "7d" };

function messageOf(body: unknown): string {
  try {
    parseQuery(body, options);
  } catch (error) {
    if (error instanceof PasserbyError && error.code === "invalid_query") return error.message;
    throw error;
  }
  return "accepted";
}

describe("a question", () => {
  test("has a default for all that it leaves out", () => {
    expect(parseQuery(least, options)).toEqual({
      site: "a.com",
      metrics: ["visitors"],
      dateRange: "7d",
      dimensions: [],
      filters: [],
      orderBy: [["visitors", "desc"]],
      include: { timeLabels: false, totalRows: false, comparisons: null, trimRelativeDateRange: false },
      pagination: { limit: 10_000, offset: 0 },
      timezone: "UTC",
    });
  });

  test("may call its site site_id, as in the Stats API", () => {
    const { site, ...rest } = least;
    expect(parseQuery({ ...rest, site_id: site }, options).site).toBe("a.com");
  });

  test("is ordered by time first where it has a time dimension", () => {
    const { orderBy } = parseQuery({ ...least, dimensions: ["visit:source", "time:day"] }, options);
    expect(orderBy).toEqual([
      ["time:day", "asc"],
      ["visitors", "desc"],
    ]);
  });

  test.each(
    ["day", "24h", "7d", "91d", "6mo", "month", "year", "all", ["2024-02-29", "2024-02-29"]].map((range) => [range]),
  )("may be about %j", (date_range) => {
    expect(messageOf({ ...least, date_range })).toBe("accepted");
  });

  test("may name an old alias of a zone, which browsers still send", () => {
    expect(parseQuery({ ...least, timezone: "Asia/Calcutta" }, options).timezone).toBe("Asia/Calcutta");
  });
});

describe("a mistake is named by its place:", () => {
  test.each<[string, object]>([
    ['#/metrics/1: Invalid metric "baa"', { metrics: ["visitors", "baa"] }],
    ['#/dimensions/0: Invalid dimension "badproperty"', { dimensions: ["badproperty"] }],
    ['#/date_range: Invalid date range "bad_period"', { date_range: "bad_period" }],
    ["#/metrics: Expected items to be unique but they were not.", { metrics: ["visits", "visits"] }],
    ["#/metrics: Expected a minimum of 1 items but got 0.", { metrics: [] }],
    ["#/metrics: Type mismatch. Expected Array but got String.", { metrics: "visitors" }],
    ["#/foo: Schema does not allow additional properties.", { foo: 1 }],
    ['#/site: Invalid site "c.com": ask for one of a.com, b.org', { site: "c.com" }],
    ['#/date_range: Invalid date range ["2024-02-30","2024-03-01"]', { date_range: ["2024-02-30", "2024-03-01"] }],
    ['#/date_range: Invalid date range ["2024-03-02","2024-03-01"]', { date_range: ["2024-03-02", "2024-03-01"] }],
    [
      '#/date_range: Invalid date range ["2024-03-02T00:00","2024-03-03T00:00"]',
      { date_range: ["2024-03-02T00:00", "2024-03-03T00:00"] },
    ],
    ['#/date_range: Invalid date range ["0001-01-01","9999-12-31"]', { date_range: ["0001-01-01", "9999-12-31"] }],
    ['#/date_range: Invalid date range "0d"', { date_range: "0d" }],
    [
      '#/timezone: Invalid timezone "Mars/Base": expected an IANA name such as Europe/Berlin',
      { timezone: "Mars/Base" },
    ],
    ['#/timezone: Invalid timezone "+02:00": expected an IANA name such as Europe/Berlin', { timezone: "+02:00" }],
    ['#/filters/0/0: Invalid filter operator "matches"', { filters: [["matches", "event:page", ["x"]]] }],
    ['#/filters/0/1: Invalid filter dimension "time:day"', { filters: [["is", "time:day", ["x"]]] }],
    ["#/filters/0/2: Expected a minimum of 1 items but got 0.", { filters: [["is", "event:page", []]] }],
    [
      "#/filters/1/2/0: Invalid filter value: expected a text of at most 2048 characters",
      {
        filters: [
          ["is", "event:page", ["x"]],
          ["is", "event:page", [7]],
        ],
      },
    ],
    [
      '#/filters/0: Invalid visit:is_bot filter: use "is" or "is_not" with "true" or "false".',
      { filters: [["is", "visit:is_bot", ["maybe"]]] },
    ],
    [
      "#/include/time_labels: Invalid include.time_labels: requires a time dimension.",
      { include: { time_labels: true } },
    ],
    ["#/include/total_rows: Type mismatch. Expected Boolean but got String.", { include: { total_rows: "yes" } }],
    ["#/pagination/limit: Expected a whole number from 1 to 10000 but got 0.", { pagination: { limit: 0 } }],
    [
      '#/order_by/0: Invalid order_by entry ["visits","desc"]: order by a queried metric or dimension, asc or desc',
      { order_by: [["visits", "desc"]] },
    ],
    ["#/dimensions: Expected at most one time dimension.", { dimensions: ["time", "time:day"] }],
  ])("%s", (message, change) => {
    expect(messageOf({ ...least, ...change })).toBe(message);
  });

  test("what is missing is listed", () => {
    expect(messageOf({ site: "a.com" })).toBe("#: Required properties metrics, date_range were not present.");
    expect(messageOf({ metrics: ["visits"], date_range: "day" })).toBe("#: Required property site was not present.");
  });

  test.each([null, undefined, "text", 7, []])("%j is no question", (body) => {
    expect(messageOf(body)).toMatch(/^#: Type mismatch. Expected Object but got /);
  });

  test("a bounce belongs to no one name of an event", () => {
    expect(messageOf({ ...least, metrics: ["visits", "bounce_rate"], dimensions: ["event:name"] })).toBe(
      "Session metric(s) `bounce_rate` cannot be queried along with event dimension(s) `event:name`",
    );
  });

  test("a long value is cut in the message", () => {
    expect(messageOf({ ...least, date_range: "x".repeat(10_000) }).length).toBeLessThan(200);
  });
});

test("any JSON at all is parsed or refused, and never anything else", () => {
  const key = fc.constantFrom(
    "site",
    "metrics",
    "date_range",
    "filters",
    "dimensions",
    "include",
    "pagination",
    "timezone",
  );
  const body = fc.dictionary(key, fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(least))));
  fc.assert(
    fc.property(fc.oneof(body, fc.jsonValue()), (value) => messageOf(value).length > 0),
    { numRuns: 2_000 },
  );
});

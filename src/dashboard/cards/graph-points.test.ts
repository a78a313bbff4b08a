/** Holds what becomes of an answer over time: gaps, what lies ahead, and the bucket that still counts. */
import { describe, expect, it } from "vitest";
import type { Answer, AnswerRow, Metric } from "../../report.ts";
import { readBucket, toGraphPoints, toPlotColumns } from "./graph-points.ts";

type Asked = { readonly labels: readonly string[]; readonly rows: readonly AnswerRow[]; readonly end: string };

function answerOf({ labels, rows, end }: Asked, metric: Metric = "visitors"): Answer {
  return {
    results: rows,
    meta: { time_labels: labels, sampled: false, bots_excluded: 0 },
    query: {
      site: "example.com",
      metrics: [metric],
      date_range: ["2026-11-21T00:00:00Z", end],
      dimensions: ["time:day"],
      filters: [],
      order_by: [],
      include: {},
      pagination: { limit: 100, offset: 0 },
      timezone: "UTC",
    },
  };
}

const present = { nowLabel: "2026-11-23 12:00:00", nowMs: Date.parse("2026-11-23T12:00:00Z") };
const labels = ["2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24"];
const open = { labels, end: "2026-11-24T23:59:59Z" };

describe("the points of a graph", () => {
  it("count nothing where there is no row, and know nothing of what lies ahead", () => {
    const rows = [{ dimensions: ["2026-11-22"], metrics: [7] }];
    const points = toGraphPoints(answerOf({ ...open, rows }), present);
    expect(points.map((point) => [point.label, point.value, point.isAhead, point.isIncomplete])).toEqual([
      ["2026-11-21", 0, false, false],
      ["2026-11-22", 7, false, false],
      ["2026-11-23", 0, false, true],
      ["2026-11-24", null, true, false],
    ]);
  });

  it("say nothing of a rate where nobody came", () => {
    const rows = [{ dimensions: ["2026-11-22"], metrics: [50] }];
    const points = toGraphPoints(answerOf({ ...open, rows }, "bounce_rate"), present);
    expect(points.map((point) => point.value)).toEqual([null, 50, null, null]);
  });

  it("are all complete in a range that has ended", () => {
    const ended = { labels: labels.slice(0, 2), rows: [], end: "2026-11-22T23:59:59Z" };
    expect(toGraphPoints(answerOf(ended), present).some((point) => point.isIncomplete)).toBe(false);
  });

  it("end in one that still counts where the range ends now", () => {
    const now = { labels: ["2026-11-23 11:00:00", "2026-11-23 12:00:00"], rows: [], end: "2026-11-23T11:59:58Z" };
    expect(toGraphPoints(answerOf(now), present).map((point) => point.isIncomplete)).toEqual([false, true]);
  });

  it("show the period before also where the present has no row yet", () => {
    const comparison = { dimensions: ["2026-11-20"], metrics: [9], change: [null] };
    const rows = [{ dimensions: ["2026-11-24"], metrics: [0], comparison }];
    const points = toGraphPoints(answerOf({ ...open, rows }), present);
    expect(points[3]).toMatchObject({ value: null, previous: 9, previousLabel: "2026-11-20", isAhead: true });
  });
});

describe("the period before", () => {
  const compared = (previous: number): AnswerRow => ({
    dimensions: ["2026-11-21"],
    metrics: [5],
    comparison: { dimensions: ["2026-11-19"], metrics: [previous], change: [0] },
  });

  it("counts nothing in a bucket that has no row in either period", () => {
    const points = toGraphPoints(answerOf({ ...open, rows: [compared(3)] }), present);
    expect(points.map((point) => point.previous)).toEqual([3, 0, 0, 0]);
  });

  it("is not shown where it holds nothing at all", () => {
    const points = toGraphPoints(answerOf({ ...open, rows: [compared(0)] }), present);
    expect(points.every((point) => point.previous === null)).toBe(true);
  });
});

describe("the size of a bucket", () => {
  const chosen = (labels: readonly string[]): Answer => {
    const answer = answerOf({ labels, rows: [], end: "2026-11-24T23:59:59Z" });
    return { ...answer, query: { ...answer.query, dimensions: ["time"] } };
  };

  it("is the one asked for, or read from the labels", () => {
    expect(readBucket(answerOf({ ...open, rows: [] }))).toBe("day");
    expect(readBucket(chosen(["2026-11-23 00:00:00", "2026-11-23 01:00:00"]))).toBe("hour");
    expect(readBucket(chosen(["2026-11-23", "2026-11-24"]))).toBe("day");
    expect(readBucket(chosen(["2026-02-01", "2026-03-01"]))).toBe("month");
    expect(readBucket(chosen(["2026-11-23"]))).toBe("day");
  });
});

describe("the lines of a graph", () => {
  it("are full to the last complete bucket and dashed from there on", () => {
    const rows = labels.slice(0, 3).map((label, index) => ({ dimensions: [label], metrics: [index + 1] }));
    const columns = toPlotColumns(toGraphPoints(answerOf({ ...open, rows }), present));
    expect(columns.complete).toEqual([1, 2, null, null]);
    expect(columns.incomplete).toEqual([null, 2, 3, null]);
  });
});

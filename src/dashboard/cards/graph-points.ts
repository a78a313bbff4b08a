/** From an answer over time to the points of the graph: every bucket once, with what is unknown or yet to come marked. */
import type { Answer, Metric } from "../../report.ts";
import { type Bucket, countDays } from "../format/calendar.ts";
import type { GraphMetric } from "../state/view.ts";

export type GraphPoint = {
  /** Start of the bucket in the zone of the question, `2026-11-23` or `2026-11-23 14:00:00`. */
  readonly label: string;
  /** Null where nothing can be said, or the bucket lies ahead. */
  readonly value: number | null;
  readonly previous: number | null;
  readonly previousLabel: string | null;
  /** Bounds of the 95 % interval; null where the figure is exact. */
  readonly low: number | null;
  readonly high: number | null;
  readonly isAhead: boolean;
  /** True for the bucket that the present is in: its figure still grows. */
  readonly isIncomplete: boolean;
};

/** A graph as it is drawn: its points and how to write them. */
export type ShownGraph = {
  readonly points: readonly GraphPoint[];
  readonly metric: GraphMetric;
  readonly bucket: Bucket;
};

/** `nowLabel` is the present in the zone of the question (`2026-11-23 14:05:09`), `nowMs` the same as a time. */
export type Present = { readonly nowLabel: string; readonly nowMs: number };

/** A range that ends now had ended a little earlier when the server answered. */
const ANSWER_AGE_MS = 60_000;

/** Makes the points of a graph of the answer's first figure. A bucket without a row counts nothing. */
export function toGraphPoints(answer: Answer, { nowLabel, nowMs }: Present): readonly GraphPoint[] {
  const rows = new Map(answer.results.map((row) => [row.dimensions[0], row]));
  const labels = answer.meta.time_labels ?? answer.results.map((row) => row.dimensions[0] ?? "");
  const blank = isCount(answer.query.metrics[0]) ? 0 : null;
  const lastBegun = labels.findLastIndex((label) => label <= nowLabel);
  // A site that is new has a period before without anything, and a line along the bottom would say nothing.
  const isCompared = answer.results.some((row) => (row.comparison?.metrics[0] ?? 0) !== 0);
  const isOpen = Date.parse(answer.query.date_range[1]) >= nowMs - ANSWER_AGE_MS;
  return labels.map((label, index): GraphPoint => {
    const row = rows.get(label);
    const isAhead = index > lastBegun;
    const interval = isAhead ? null : (row?.intervals?.[0] ?? null);
    return {
      label,
      value: isAhead ? null : (row?.metrics[0] ?? blank),
      previous: isCompared ? (row?.comparison?.metrics[0] ?? blank) : null,
      previousLabel: row?.comparison?.dimensions[0] ?? answer.meta.comparison_time_labels?.[index] ?? null,
      low: interval?.[0] ?? null,
      high: interval?.[1] ?? null,
      isAhead,
      isIncomplete: isOpen && index === lastBegun,
    };
  });
}

/** Finds the size of an answer's buckets: the one asked for, else told from the labels where the server chose. */
export function readBucket({ query, meta }: Answer): Bucket {
  const name = query.dimensions[0]?.slice("time:".length);
  if (name === "hour" || name === "day" || name === "week" || name === "month") return name;
  const [first = "", second] = meta.time_labels ?? [];
  if (first.includes(" ")) return "hour";
  return second !== undefined && countDays(first, second) > 20 ? "month" : "day";
}

/** The columns of the plot: x, the period before, the interval, the line of complete buckets, the dashed rest. */
export type PlotColumns = {
  readonly x: number[];
  readonly previous: (number | null)[];
  readonly low: (number | null)[];
  readonly high: (number | null)[];
  readonly complete: (number | null)[];
  readonly incomplete: (number | null)[];
};

/** Splits points into the columns of the plot; the dashed line begins where the full one ends. */
export function toPlotColumns(points: readonly GraphPoint[]): PlotColumns {
  const open = points.findIndex((point) => point.isIncomplete);
  return {
    x: points.map((_, index) => index),
    previous: points.map((point) => point.previous),
    low: points.map((point) => point.low),
    high: points.map((point) => point.high),
    complete: points.map((point) => (point.isIncomplete ? null : point.value)),
    incomplete: points.map((point, index) =>
      open >= 0 && (index === open || index === open - 1) ? point.value : null,
    ),
  };
}

function isCount(metric: Metric | undefined): boolean {
  return metric === "visitors" || metric === "visits" || metric === "pageviews" || metric === "events";
}

/** The questions that the page asks, made from what is being looked at. */
import type { Filter, FilterDimension, Metric } from "../../report.ts";
import type { LedgerQuestion, Question } from "../api-client.ts";
import { chooseBucket, type Here, type Range, toDateRange } from "./range-presets.ts";
import type { GraphMetric } from "./view.ts";

/** What every figure of the page is about. */
export type Scope = {
  readonly site: string;
  readonly range: Range;
  readonly filters: readonly Filter[];
  readonly here: Here;
};

/** A list of a card: what it groups by and which figures it shows, the first of which orders it. */
export type Breakdown = {
  readonly label: string;
  readonly dimension: Exclude<FilterDimension, "visit:is_bot">;
  readonly metrics: readonly Metric[];
};

/** The totals, in the order in which they stand on the page. */
export const TOTALS: readonly GraphMetric[] = [
  "visitors",
  "visits",
  "pageviews",
  "views_per_visit",
  "bounce_rate",
  "visit_duration",
];

/** Asks for the totals, compared with the period before. */
export function askTotals(scope: Scope): Question {
  // What has passed of a day or month is compared with as much of the one before, not with the whole of it.
  return { ...common(scope), metrics: TOTALS, include: { ...compared(scope), trim_relative_date_range: true } };
}

/** Asks for one figure over time, compared with the period before. */
export function askGraph(scope: Scope, metric: Metric): Question {
  const bucket = chooseBucket(scope.range, scope.here);
  return {
    ...common(scope),
    metrics: [metric],
    dimensions: [bucket === null ? "time" : `time:${bucket}`],
    include: { time_labels: true, ...compared(scope) },
  };
}

/** Asks for the first rows of a list, and how many there are; `search` keeps those that contain it. */
export function askBreakdown(
  scope: Scope,
  { dimension, metrics }: Breakdown,
  { search, limit }: { readonly search: string; readonly limit: number },
): Question {
  const found: readonly Filter[] = search === "" ? [] : [["contains", dimension, [search]]];
  return {
    ...common(scope),
    metrics,
    dimensions: [dimension],
    filters: [...scope.filters, ...found],
    include: { total_rows: true },
    pagination: { limit, offset: 0 },
  };
}

/** Asks what arrived in the range; filters pick visits, which much of what arrives never became. */
export function askArrived({ site, range, here }: Scope): LedgerQuestion {
  return { site, date_range: toDateRange(range, here), timezone: here.timezone };
}

function common({ site, range, filters, here }: Scope): Omit<Question, "metrics"> {
  return { site, date_range: toDateRange(range, here), filters, timezone: here.timezone };
}

function compared({ range }: Scope): NonNullable<Question["include"]> {
  return range === "all" ? {} : { comparisons: { mode: "previous_period" } };
}

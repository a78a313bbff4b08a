/** From the sums of a row to its figures: which sums a metric needs, how it is made of them, and how it is rounded. */
import type { Interval, Metric } from "../report.ts";
import type { Row } from "../store/duckdb.ts";
import { type Estimate, estimateRatio, estimateTotal, type Sum } from "./estimate.ts";

/** What rows are counted: events; visits; or visits by the page they began on. */
export type Part = "events" | "visits" | "entries";

/** The sums of one row, by part; a part that has no such row is missing. */
export type RowSums = { readonly [Name in Part]?: Row };

/** A figure and its interval, both null where nothing can be said; the interval also where the figure is exact. */
export type Figure = { readonly value: number | null; readonly interval: Interval };

const EMPTY: Row = {};

/** Returns the part whose sums a metric is made of. */
export function partOf(metric: Metric, isAboutPages: boolean): Part {
  switch (metric) {
    case "visitors":
    case "pageviews":
    case "events":
      return "events";
    case "visits":
      return "visits";
    case "bounce_rate":
    case "visit_duration":
    case "views_per_visit":
      return isAboutPages ? "entries" : "visits";
  }
}

/** Makes a metric of a row's sums. bounce_rate in percent and visit_duration in seconds, to 1 decimal; views to 2. */
export function makeFigure(metric: Metric, part: Part, sums: RowSums): Figure {
  const row = sums[part] ?? EMPTY;
  const isExact = row["is_sampled"] !== true;
  switch (metric) {
    case "visitors":
    case "pageviews":
    case "events":
    case "visits":
      return count(estimateTotal(sumOf(row, metric)), isExact);
    case "bounce_rate":
      return rounded(ratioOf(row, "bounces"), { factor: 100, decimals: 1, max: 100 }, isExact);
    case "visit_duration":
      return rounded(ratioOf(row, "duration_ms"), { factor: 0.001, decimals: 1 }, isExact);
    case "views_per_visit":
      return rounded(ratioOf(row, "pageviews"), { factor: 1, decimals: 2 }, isExact);
  }
}

function sumOf(row: Row, name: string): Sum {
  return { total: Number(row[name] ?? 0), variance: Number(row[`${name}_variance`] ?? 0) };
}

function ratioOf(row: Row, name: string): Estimate | null {
  const covariance = Number(row[`${name}_covariance`] ?? 0);
  return estimateRatio({ numerator: sumOf(row, name), denominator: sumOf(row, "visits"), covariance });
}

/** An estimate of a count is shown as a whole number, and its interval rounded outwards so that it still holds 95 %. */
function count({ value, interval: [low, high] }: Estimate, isExact: boolean): Figure {
  return { value: Math.round(value), interval: isExact ? null : [Math.floor(low), Math.ceil(high)] };
}

type Rounding = { readonly factor: number; readonly decimals: number; readonly max?: number };

function rounded(estimate: Estimate | null, rounding: Rounding, isExact: boolean): Figure {
  if (estimate === null) return { value: null, interval: null };
  const scale = 10 ** rounding.decimals;
  const shown = (value: number): number => Math.round(value * rounding.factor * scale) / scale;
  const [low, high] = estimate.interval;
  const interval: Interval = [shown(low), Math.min(shown(high), rounding.max ?? Number.POSITIVE_INFINITY)];
  return { value: shown(estimate.value), interval: isExact ? null : interval };
}

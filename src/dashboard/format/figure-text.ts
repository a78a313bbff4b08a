/** Figures as a person reads them: counts, percentages, durations, changes and intervals. Pure text, no layout. */
import type { Interval, Metric } from "../../report.ts";

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const TWO_PLACES = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
/** From here on a count is shortened where room is scarce. */
const COMPACT_FROM = 100_000;

/** What stands where nothing can be said. */
export const UNKNOWN = "–";

/** Names of the figures that the dashboard shows. */
export const METRIC_NAMES: Readonly<Record<Metric, string>> = {
  visitors: "Visitors",
  visits: "Visits",
  pageviews: "Pageviews",
  events: "Events",
  views_per_visit: "Views per visit",
  bounce_rate: "Bounce rate",
  visit_duration: "Visit duration",
};

/** Formats a figure in full: `12,345`, `2.41`, `43 %`, `1m 23s`; a dash for null. */
export function formatFigure(metric: Metric, value: number | null): string {
  if (value === null) return UNKNOWN;
  switch (metric) {
    case "bounce_rate":
      return `${WHOLE.format(value)} %`;
    case "visit_duration":
      return formatDuration(value);
    case "views_per_visit":
      return TWO_PLACES.format(value);
    default:
      return WHOLE.format(value);
  }
}

/** Formats a figure for a narrow place: counts from 100,000 as `123.5K`. */
export function formatShort(metric: Metric, value: number | null): string {
  const isCount = metric !== "bounce_rate" && metric !== "visit_duration" && metric !== "views_per_visit";
  return isCount && value !== null && value >= COMPACT_FROM ? COMPACT.format(value) : formatFigure(metric, value);
}

/** Formats seconds as `47s`, `1m 23s` or `2h 5m`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  return `${Math.floor(whole / 3600)}h ${Math.floor((whole % 3600) / 60)}m`;
}

/** Formats a share as `34 %`, and a small one as `< 1 %`; empty where the whole is unknown or nothing. */
export function formatShare(part: number | null, whole: number | null): string {
  if (part === null || whole === null || whole <= 0) return "";
  const percent = (part / whole) * 100;
  return percent > 0 && percent < 1 ? "< 1 %" : `${WHOLE.format(percent)} %`;
}

/** Formats a 95 % interval as `± 120`; empty where the figure is exact. */
export function formatMargin(metric: Metric, interval: Interval | undefined): string {
  if (interval === undefined || interval === null) return "";
  const half = (interval[1] - interval[0]) / 2;
  return half > 0 ? `± ${formatShort(metric, half)}` : "";
}

/** A change against the period before: what to show, what to say, and whether it is welcome. */
export type Change = { readonly text: string; readonly spoken: string; readonly tone: "good" | "bad" | "neutral" };

/** Describes a change in percent. More bounces are bad news, more of anything else is good. Null gives null. */
export function describeChange(metric: Metric, percent: number | null | undefined): Change | null {
  if (percent === null || percent === undefined) return null;
  const size = WHOLE.format(Math.abs(percent));
  if (Math.round(percent) === 0) return { text: "0 %", spoken: "no change", tone: "neutral" };
  const isUp = percent > 0;
  const isGood = metric === "bounce_rate" ? !isUp : isUp;
  return {
    text: `${isUp ? "↑" : "↓"} ${size} %`,
    spoken: `${isUp ? "up" : "down"} ${size} percent`,
    tone: isGood ? "good" : "bad",
  };
}

/** Writes a count with its noun: `1 visitor`, `2,300 visitors`. */
export function countOf(count: number, noun: string): string {
  return `${WHOLE.format(count)} ${noun}${count === 1 ? "" : "s"}`;
}

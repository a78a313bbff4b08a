/**
 * What is being looked at, and its form in the address: `?site=a.com&period=7d&f=is,page,/docs&graph=visits`.
 * Whatever does not parse is left out, so that an old or mistyped link still opens.
 */
import { FILTER_OPERATORS, type Filter, type FilterDimension, type FilterOperator, type Metric } from "../../report.ts";
import { isDate } from "../format/calendar.ts";
import { findPreset, type Range } from "./range-presets.ts";

/** The figures that the chart can show, with their names in the address (none of which a content blocker minds). */
export type GraphMetric = Exclude<Metric, "events">;
export const GRAPHS: Readonly<Record<string, GraphMetric>> = {
  visitors: "visitors",
  visits: "visits",
  views: "pageviews",
  depth: "views_per_visit",
  bounce: "bounce_rate",
  duration: "visit_duration",
};

/** The dimensions that filters name, with their names in the address and on the page. */
export const FILTER_NAMES: Readonly<Record<string, { dimension: FilterDimension; label: string }>> = {
  page: { dimension: "event:page", label: "Page" },
  entry: { dimension: "visit:entry_page", label: "Entry page" },
  exit: { dimension: "visit:exit_page", label: "Exit page" },
  source: { dimension: "visit:source", label: "Source" },
  browser: { dimension: "visit:browser", label: "Browser" },
  os: { dimension: "visit:os", label: "Operating system" },
  device: { dimension: "visit:device", label: "Device" },
  name: { dimension: "event:name", label: "Event" },
  bot: { dimension: "visit:is_bot", label: "Robot" },
};

/** Operators as a person reads them. */
export const OPERATOR_NAMES: Readonly<Record<FilterOperator, string>> = {
  is: "is",
  is_not: "is not",
  contains: "contains",
  contains_not: "does not contain",
};

/** `site` and `range` are null until somebody chooses; the page then takes the default. */
export type View = {
  readonly site: string | null;
  readonly range: Range | null;
  readonly filters: readonly Filter[];
  readonly graph: GraphMetric;
};

/** Returns the name of a dimension on the page. */
export function labelOf(dimension: FilterDimension): string {
  return Object.values(FILTER_NAMES).find((each) => each.dimension === dimension)?.label ?? dimension;
}

/** Reads a view from the query of an address (`location.search`). */
export function parseView(search: string): View {
  const pairs = search.replace(/^\?/, "").split("&").map(splitPair);
  const value = (key: string): string | null => pairs.find((pair) => pair.key === key)?.text ?? null;
  const filters = pairs.filter((pair) => pair.key === "f").map((pair) => parseFilter(pair.text));
  const graph = Object.entries(GRAPHS).find(([name]) => name === value("graph"));
  const site = value("site");
  return {
    site: site === null ? null : decode(site),
    range: parseRange(value("period"), value("from"), value("to")),
    filters: filters.filter((filter) => filter !== null),
    graph: graph?.[1] ?? "visitors",
  };
}

/** Writes a view as the query of an address; empty for the default view. */
export function formatView(view: View): string {
  const parts: string[] = [];
  if (view.site !== null) parts.push(`site=${encode(view.site)}`);
  if (typeof view.range === "string") parts.push(`period=${view.range}`);
  else if (view.range !== null) parts.push(`from=${view.range.from}`, `to=${view.range.to}`);
  for (const filter of view.filters) parts.push(`f=${formatFilter(filter)}`);
  const graph = Object.entries(GRAPHS).find(([, metric]) => metric === view.graph)?.[0];
  if (graph !== undefined && view.graph !== "visitors") parts.push(`graph=${graph}`);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** Adds a filter. An `is` filter takes the place of one on the same dimension, and is taken away when it is the same. */
export function toggleFilter(filters: readonly Filter[], added: Filter): readonly Filter[] {
  if (filters.some((filter) => isSameFilter(filter, added))) {
    return filters.filter((filter) => !isSameFilter(filter, added));
  }
  const isReplaced = (filter: Filter): boolean => added[0] === "is" && filter[0] === "is" && filter[1] === added[1];
  return [...filters.filter((filter) => !isReplaced(filter)), added];
}

/** Tells whether two filters say the same. */
export function isSameFilter(one: Filter, other: Filter): boolean {
  return formatFilter(one) === formatFilter(other);
}

function formatFilter([operator, dimension, values]: Filter): string {
  const name = Object.entries(FILTER_NAMES).find(([, each]) => each.dimension === dimension)?.[0] ?? dimension;
  return [operator, name, ...values.map(encode)].join(",");
}

function parseFilter(text: string): Filter | null {
  const [operatorName, name, ...rest] = text.split(",");
  const operator = FILTER_OPERATORS.find((each) => each === operatorName);
  const entry = Object.entries(FILTER_NAMES).find(([each]) => each === name);
  const values = rest.map(decode);
  if (operator === undefined || entry === undefined || values.length === 0) return null;
  return values.every((value) => value !== null) ? [operator, entry[1].dimension, values] : null;
}

function parseRange(period: string | null, from: string | null, to: string | null): Range | null {
  if (from !== null && to !== null && isDate(from) && isDate(to) && from <= to) return { from, to };
  return period === null ? null : (findPreset(period)?.id ?? null);
}

function splitPair(pair: string): { readonly key: string; readonly text: string } {
  const at = pair.indexOf("=");
  return at === -1 ? { key: pair, text: "" } : { key: pair.slice(0, at), text: pair.slice(at + 1) };
}

/** Slashes and colons may stand bare in a query, and a filter on a path reads better with them. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%3A", ":");
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

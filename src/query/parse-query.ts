/**
 * A request body to a question: every name checked against the closed lists of report.ts, every default filled in. The
 * first thing wrong is refused by its place (`#/metrics/1: Invalid metric "baa"`), in the words of the Stats API v2
 * where it has words for it.
 */
import { Temporal } from "temporal-polyfill";
import { PasserbyError } from "../errors.ts";
import {
  type DateRange,
  type Dimension,
  EVENT_DIMENSIONS,
  METRICS,
  type Metric,
  type OrderBy,
  type Query,
  TIME_DIMENSIONS,
  VISIT_DIMENSIONS,
} from "../report.ts";
import { isTimeDimension } from "./conditions.ts";
import { isDateRange } from "./date-range.ts";
import { defaultOrder } from "./order.ts";
import { parseFilters } from "./parse-filters.ts";
import { type Body, isObject, refuse, refuseUnknownKeys, show, typeName } from "./refusal.ts";

/** What a question may be about. */
export type ParseOptions = {
  /** Names of the configured sites. */
  readonly sites: readonly string[];
};

const DIMENSIONS = [...EVENT_DIMENSIONS, ...VISIT_DIMENSIONS, ...TIME_DIMENSIONS];
const SESSION_METRICS: readonly Metric[] = ["bounce_rate", "visit_duration", "views_per_visit"];
const KEYS = [
  "site",
  "site_id",
  "metrics",
  "date_range",
  "dimensions",
  "filters",
  "order_by",
  "include",
  "pagination",
  "timezone",
];
const INCLUDE_KEYS = ["time_labels", "total_rows", "comparisons", "trim_relative_date_range"];

const MAX_ROWS = 10_000;

/** Parses the body of a question. Throws `invalid_query`. */
export function parseQuery(body: unknown, options: ParseOptions): Query {
  if (!isObject(body)) throw refuse("#", `Type mismatch. Expected Object but got ${typeName(body)}.`);
  refuseUnknownKeys(body, KEYS, "#");
  requireKeys(body);
  const metrics = parseList(body["metrics"], "metrics", METRICS);
  if (metrics.length === 0) throw refuse("#/metrics", "Expected a minimum of 1 items but got 0.");
  const dimensions = parseList(body["dimensions"] ?? [], "dimensions", DIMENSIONS);
  const dateRange = parseDateRange(body["date_range"]);
  const query: Query = {
    site: parseSite(body, options.sites),
    metrics,
    dateRange,
    dimensions,
    filters: parseFilters(body["filters"] ?? []),
    orderBy: parseOrder(body["order_by"], metrics, dimensions),
    include: parseInclude(body["include"] ?? {}, dimensions),
    pagination: parsePagination(body["pagination"] ?? {}),
    timezone: parseTimezone(body["timezone"] ?? "UTC"),
  };
  refuseMixtures(query);
  return query;
}

/** Parses the `date_range` of a question. Throws `invalid_query`. */
export function parseDateRange(value: unknown): DateRange {
  if (isDateRange(value)) return value;
  throw refuse("#/date_range", `Invalid date range ${show(value)}`);
}

/**
 * Parses the `timezone` of a question. Takes every name the platform knows, old aliases too: browsers still send
 * Asia/Calcutta. Throws `invalid_query`.
 */
export function parseTimezone(value: unknown): string {
  if (typeof value === "string" && /^[A-Za-z]/.test(value)) {
    try {
      Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(value);
      return value;
    } catch {
      // Not a zone: refused below like everything else that is none.
    }
  }
  throw refuse("#/timezone", `Invalid timezone ${show(value)}: expected an IANA name such as Europe/Berlin`);
}

function requireKeys(body: Body): void {
  const missing = ["metrics", "date_range"].filter((key) => body[key] === undefined);
  if (body["site"] === undefined && body["site_id"] === undefined) missing.unshift("site");
  if (missing.length === 0) return;
  const [noun, verb] = missing.length === 1 ? ["property", "was"] : ["properties", "were"];
  throw refuse("#", `Required ${noun} ${missing.join(", ")} ${verb} not present.`);
}

function parseSite(body: Body, sites: readonly string[]): string {
  const key = body["site"] === undefined ? "site_id" : "site";
  const site = body[key];
  if (body["site_id"] !== undefined && body["site_id"] !== site) throw refuse("#/site_id", "is another site than site");
  if (typeof site === "string" && sites.includes(site)) return site;
  throw refuse(`#/${key}`, `Invalid site ${show(site)}: ask for one of ${sites.join(", ")}`);
}

/** Reads a list of names without repetition. */
function parseList<const Name extends string>(value: unknown, key: string, known: readonly Name[]): readonly Name[] {
  if (!Array.isArray(value)) throw refuse(`#/${key}`, `Type mismatch. Expected Array but got ${typeName(value)}.`);
  const names = value.map((item: unknown, index) => {
    const name = known.find((candidate) => candidate === item);
    if (name === undefined) throw refuse(`#/${key}/${index}`, `Invalid ${key.slice(0, -1)} ${show(item)}`);
    return name;
  });
  if (new Set(names).size < names.length) throw refuse(`#/${key}`, "Expected items to be unique but they were not.");
  if (names.filter(isTimeDimension).length > 1) throw refuse(`#/${key}`, "Expected at most one time dimension.");
  return names;
}

function parseOrder(value: unknown, metrics: readonly Metric[], dimensions: readonly Dimension[]): OrderBy {
  if (value === undefined) return defaultOrder({ metrics, dimensions });
  if (!Array.isArray(value)) throw refuse("#/order_by", `Type mismatch. Expected Array but got ${typeName(value)}.`);
  return value.map((entry: unknown, index) => {
    const [name, direction]: unknown[] = Array.isArray(entry) && entry.length === 2 ? entry : [];
    const known = [...metrics, ...dimensions].find((candidate) => candidate === name);
    if (known === undefined || (direction !== "asc" && direction !== "desc")) {
      throw refuse(
        `#/order_by/${index}`,
        `Invalid order_by entry ${show(entry)}: order by a queried metric or dimension, asc or desc`,
      );
    }
    return [known, direction];
  });
}

function parseInclude(value: unknown, dimensions: readonly Dimension[]): Query["include"] {
  if (!isObject(value)) throw refuse("#/include", `Type mismatch. Expected Object but got ${typeName(value)}.`);
  refuseUnknownKeys(value, INCLUDE_KEYS, "#/include");
  const timeLabels = parseFlag(value, "time_labels");
  if (timeLabels && !dimensions.some(isTimeDimension)) {
    throw refuse("#/include/time_labels", "Invalid include.time_labels: requires a time dimension.");
  }
  return {
    timeLabels,
    totalRows: parseFlag(value, "total_rows"),
    comparisons: parseComparisons(value["comparisons"]),
    trimRelativeDateRange: parseFlag(value, "trim_relative_date_range"),
  };
}

function parseFlag(include: Body, key: string): boolean {
  const value = include[key] ?? false;
  if (typeof value === "boolean") return value;
  throw refuse(`#/include/${key}`, `Type mismatch. Expected Boolean but got ${typeName(value)}.`);
}

function parseComparisons(value: unknown): Query["include"]["comparisons"] {
  if (value === undefined || value === null) return null;
  if (isObject(value) && Object.keys(value).length === 1 && value["mode"] === "previous_period")
    return "previous_period";
  throw refuse("#/include/comparisons", `Invalid comparisons ${show(value)}: expected {"mode":"previous_period"}`);
}

function parsePagination(value: unknown): Query["pagination"] {
  if (!isObject(value)) throw refuse("#/pagination", `Type mismatch. Expected Object but got ${typeName(value)}.`);
  refuseUnknownKeys(value, ["limit", "offset"], "#/pagination");
  return {
    limit: parseWhole(value["limit"] ?? MAX_ROWS, "#/pagination/limit", [1, MAX_ROWS]),
    offset: parseWhole(value["offset"] ?? 0, "#/pagination/offset", [0, 1_000_000_000]),
  };
}

function parseWhole(value: unknown, path: string, [low, high]: readonly [number, number]): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= low && value <= high) return value;
  throw refuse(path, `Expected a whole number from ${low} to ${high} but got ${show(value)}.`);
}

/** A visit has no one name of an event, so its bounce or duration belongs to none. */
function refuseMixtures({ metrics, dimensions }: Query): void {
  const refused = metrics.filter((metric) => SESSION_METRICS.includes(metric));
  if (refused.length === 0 || !dimensions.includes("event:name")) return;
  const names = refused.map((metric) => `\`${metric}\``).join(", ");
  throw new PasserbyError(
    "invalid_query",
    `Session metric(s) ${names} cannot be queried along with event dimension(s) \`event:name\``,
  );
}

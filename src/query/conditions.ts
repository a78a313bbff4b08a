/** Filters and dimensions in SQL: names become columns by closed tables, values become bound parameters. */
import { SMOKE_EVENT } from "../event.ts";
import type { Dimension, Filter, FilterDimension, Query } from "../report.ts";
import type { Parameters } from "../store/duckdb.ts";
import { bucketKeySql, type OffsetStretch, type TimeUnit } from "./time-buckets.ts";

type NamedDimension = Exclude<FilterDimension, "visit:is_bot">;

const EVENT_COLUMNS = {
  "event:page": "coalesce(e.path, '')",
  "event:name": "e.event",
} as const satisfies Partial<Record<FilterDimension, string>>;

const VISIT_COLUMNS = {
  "visit:entry_page": "coalesce(s.entry_page, '')",
  "visit:exit_page": "coalesce(s.exit_page, '')",
  "visit:source": "coalesce(s.source, '')",
  "visit:browser": "coalesce(s.browser, '')",
  "visit:os": "coalesce(s.os, '')",
  "visit:device": "coalesce(s.device, '')",
} as const satisfies Partial<Record<FilterDimension, string>>;

const COLUMNS: Readonly<Record<NamedDimension, string>> = { ...EVENT_COLUMNS, ...VISIT_COLUMNS };

/** The columns that the event dimensions among these read. */
export function writeEventColumns(dimensions: readonly Dimension[]): string {
  const columns = { "event:page": "e.path,", "event:name": "e.event," } as const;
  return dimensions.map((name) => (name === "event:page" || name === "event:name" ? columns[name] : "")).join(" ");
}

/** Says whether a dimension is one of a single event. */
export function isEventDimension(dimension: string): boolean {
  return dimension.startsWith("event:");
}

/** Says whether a dimension is a bucket of time. */
export function isTimeDimension(dimension: string): boolean {
  return dimension.startsWith("time");
}

/** How a value that is missing reads in an answer and may be written in a filter. */
export function blankLabel(dimension: string): string {
  return dimension === "visit:source" ? "Direct / None" : "(not set)";
}

/** Says whether a question names smoke tests, which every other question leaves out. */
export function asksForSmoke({ filters }: Pick<Query, "filters">): boolean {
  return filters.some(
    ([operator, dimension, values]) => operator === "is" && dimension === "event:name" && values.includes(SMOKE_EVENT),
  );
}

/** Says whether a question says itself what happens to robots. */
export function namesRobots({ filters }: Pick<Query, "filters">): boolean {
  return filters.some(([, dimension]) => dimension === "visit:is_bot");
}

/** SQL for conditions that all hold, and the values bound in it. */
export type Conditions = { readonly sql: string; readonly parameters: Parameters };

/**
 * Writes filters as one condition. `robotColumn` is the column that tells robots in the table asked; parameter names
 * begin with `prefix`, so that two conditions can stand in one statement.
 */
export function writeConditions(
  filters: readonly Filter[],
  options: { readonly robotColumn: string; readonly prefix: string },
): Conditions {
  const parameters: Record<string, string | readonly string[]> = {};
  const texts = filters.map(([operator, dimension, values], index) => {
    const isNegative = operator === "is_not" || operator === "contains_not";
    const column = dimension === "visit:is_bot" ? `${options.robotColumn}::VARCHAR` : COLUMNS[dimension];
    const name = `${options.prefix}${index}`;
    if (operator === "is" || operator === "is_not") {
      parameters[name] = values.map((value) => (value === blankLabel(dimension) ? "" : value));
      return `${isNegative ? "NOT " : ""}list_contains($${name}, ${column})`;
    }
    // `contains` of DuckDB takes its pattern literally; LIKE would give % and _ a meaning.
    const any = values.map((value, at) => {
      parameters[`${name}_${at}`] = value;
      return `contains(${column}, $${name}_${at})`;
    });
    return `${isNegative ? "NOT " : ""}(${any.join(" OR ")})`;
  });
  return { sql: texts.length === 0 ? "TRUE" : texts.join(" AND "), parameters };
}

/** Where the time of a row stands, into which buckets it goes, and the offsets of the zone in the range. */
export type TimeColumn = {
  readonly column: "e.timestamp" | "s.start_at";
  readonly unit: TimeUnit;
  readonly stretches: readonly OffsetStretch[];
};

/** Writes the dimensions as columns `d0, d1, …` of the rows counted. */
export function writeDimensions(dimensions: readonly Dimension[], time: TimeColumn): Conditions {
  const parameters: Record<string, Date | number> = {};
  const columns = dimensions.map((dimension, index) => {
    if (!isNamedDimension(dimension)) return `${writeTime(time, parameters)} AS d${index},`;
    return `${COLUMNS[dimension]} AS d${index},`;
  });
  return { sql: columns.join(" "), parameters };
}

function isNamedDimension(dimension: Dimension): dimension is NamedDimension {
  return dimension in COLUMNS;
}

/** Within a stretch the offset is a constant, so a zone costs a comparison a row and no calendar. */
function writeTime({ column, unit, stretches }: TimeColumn, parameters: Record<string, Date | number>): string {
  const cases = stretches.slice(0, -1).map(({ until, offsetMs }, index) => {
    parameters[`zone_until_${index}`] = new Date(until);
    parameters[`zone_offset_${index}`] = offsetMs;
    return `WHEN ${column} < $zone_until_${index} THEN $zone_offset_${index}::BIGINT`;
  });
  parameters["zone_offset"] = stretches.at(-1)?.offsetMs ?? 0;
  const last = "$zone_offset::BIGINT";
  const offset = cases.length === 0 ? last : `(CASE ${cases.join(" ")} ELSE ${last} END)`;
  return bucketKeySql(unit, `epoch_ms(${column})`, offset);
}

/** Writes the rows that a question counts: its events, or its visits, each with its dimensions. */
import type { Dimension, Filter, Query } from "../report.ts";
import type { Parameters } from "../store/duckdb.ts";
import {
  asksForSmoke,
  type Conditions,
  isEventDimension,
  isTimeDimension,
  namesRobots,
  type TimeColumn,
  writeConditions,
  writeDimensions,
  writeEventColumns,
} from "./conditions.ts";
import { questionSql } from "./sql.ts";
import type { OffsetStretch, Range, TimeUnit } from "./time-buckets.ts";

/** A question over one range, with everything about time worked out. */
export type Scope = {
  readonly query: Pick<Query, "site" | "filters" | "dimensions">;
  readonly range: Range;
  readonly unit: TimeUnit;
  readonly stretches: readonly OffsetStretch[];
};

/** A statement without values in its text, and the values. */
export type Statement = { readonly sql: string; readonly parameters: Parameters };

/** Robots are `left_out` unless the question names them; `only` counts what was left out. */
export type Robots = "left_out" | "only";

/** Writes the events of a question. Visit dimensions reach an event through its visit; an event without one has none. */
export function eventUnits(scope: Scope, robots: Robots = "left_out"): Statement {
  const { query, range } = scope;
  const conditions = writeConditions(query.filters, { robotColumn: "e.is_robot", prefix: "filter_" });
  const dimensions = writeDimensions(query.dimensions, timeColumn(scope, "e.timestamp"));
  const extra = [
    asksForSmoke(query) ? "TRUE" : "NOT e.is_smoke",
    namesRobots(query) ? "TRUE" : robots === "only" ? "e.is_robot" : "NOT e.is_robot",
  ];
  const sql = questionSql("events", {
    dimensions: dimensions.sql,
    visit_of_event: readsVisit(query) ? "JOIN sessions AS s ON s.id = e.session" : "",
    conditions: [conditions.sql, ...extra].join(" AND "),
  });
  return statement(sql, query.site, range, [conditions, dimensions]);
}

/** Writes the visits of a question: those that began in the range and, with event conditions, hold a matching event. */
export function visitUnits(scope: Scope): Statement {
  const { query, range } = scope;
  const eventFilters = query.filters.filter(([, dimension]) => isEventDimension(dimension));
  const visitFilters = query.filters.filter(([, dimension]) => !isEventDimension(dimension));
  const isHolding = eventFilters.length > 0 || query.dimensions.some(isEventDimension);
  const ofVisit = writeConditions(visitFilters, { robotColumn: "s.is_bot", prefix: "visit_filter_" });
  const ofEvent = writeConditions(eventFilters, { robotColumn: "e.is_robot", prefix: "event_filter_" });
  const dimensions = writeDimensions(query.dimensions, timeColumn(scope, "s.start_at"));
  const sql = questionSql(isHolding ? "visits-holding-events" : "visits", {
    dimensions: dimensions.sql,
    event_columns: writeEventColumns(query.dimensions),
    event_conditions: ofEvent.sql,
    conditions: [ofVisit.sql, namesRobots(query) ? "TRUE" : "NOT s.is_bot"].join(" AND "),
  });
  return statement(sql, query.site, range, [ofVisit, ofEvent, dimensions]);
}

/** Says whether a question is about pages in any way. */
export function namesPage({ filters, dimensions }: Pick<Query, "filters" | "dimensions">): boolean {
  return dimensions.includes("event:page") || filters.some(([, dimension]) => dimension === "event:page");
}

/** Reads `event:page` as the page on which a visit began: where a bounce or a duration is a fact about one page. */
export function byEntryPage(scope: Scope): Scope {
  const { query } = scope;
  const filters = query.filters.map(
    (filter): Filter => (filter[1] === "event:page" ? [filter[0], "visit:entry_page", filter[2]] : filter),
  );
  const dimensions = query.dimensions.map(
    (dimension): Dimension => (dimension === "event:page" ? "visit:entry_page" : dimension),
  );
  return { ...scope, query: { ...query, filters, dimensions } };
}

function readsVisit({ filters, dimensions }: Scope["query"]): boolean {
  const names = [...dimensions, ...filters.map(([, dimension]) => dimension)];
  return names.some((name) => !isEventDimension(name) && !isTimeDimension(name) && name !== "visit:is_bot");
}

function timeColumn({ unit, stretches }: Scope, column: TimeColumn["column"]): TimeColumn {
  return { column, unit, stretches };
}

function statement(sql: string, site: string, { from, to }: Range, parts: readonly Conditions[]): Statement {
  const parameters = Object.assign({}, ...parts.map((part) => part.parameters));
  return { sql, parameters: { ...parameters, site, from: new Date(from), to: new Date(to) } };
}

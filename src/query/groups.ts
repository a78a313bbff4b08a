/** Asks for the sums of a question over one range and brings them together: one group for each set of dimension values. */
import type { Query } from "../report.ts";
import type { Ask, Row } from "../store/duckdb.ts";
import { blankLabel, isTimeDimension } from "./conditions.ts";
import { type Figure, makeFigure, type Part, partOf, type RowSums } from "./figures.ts";
import { questionSql } from "./sql.ts";
import { type Bucket, listBuckets, offsetStretches, type Range, type TimeUnit } from "./time-buckets.ts";
import { byEntryPage, eventUnits, namesPage, type Scope, type Statement, visitUnits } from "./units.ts";

/** One row of an answer before it is ordered. */
export type Group = {
  /** As shown: labels for time and for what is missing. */
  readonly dimensions: readonly string[];
  /** Finds the same group in another range: time by position, all else by value. */
  readonly key: string;
  readonly figures: readonly Figure[];
  /** Place of the group's bucket in the range; 0 without a time dimension. */
  readonly bucket: number;
};

/** The groups of a question over a range, and all buckets of time that it has. */
export type Groups = { readonly groups: readonly Group[]; readonly buckets: readonly Bucket[] };

export type GroupOptions = { readonly range: Range; readonly unit: TimeUnit; readonly isSampled: boolean };

/** Asks the store. Groups come in no particular order; without dimensions there is exactly one. */
export async function askGroups(ask: Ask, query: Query, options: GroupOptions): Promise<Groups> {
  const { range, unit, isSampled } = options;
  const hasTime = query.dimensions.some(isTimeDimension);
  const scope: Scope = { query, range, unit, stretches: hasTime ? offsetStretches(range, query.timezone) : [] };
  const buckets = hasTime ? listBuckets(range, unit, query.timezone) : [];
  const isAboutPages = namesPage(query);
  const parts = new Set(query.metrics.map((metric) => partOf(metric, isAboutPages)));
  const rows = new Map<string, RowSums>();
  for (const part of PARTS) {
    if (!parts.has(part)) continue;
    // Entry pages without a matching event are no answer where events were asked for.
    const mayAdd = part !== "entries" || parts.size === 1;
    for (const row of await askPart(ask, part, scope, isSampled)) {
      const key = JSON.stringify(query.dimensions.map((_, index) => String(row[`d${index}`])));
      if (mayAdd || rows.has(key)) rows.set(key, { ...rows.get(key), [part]: row });
    }
  }
  const toGroup = groupMaker(query, buckets);
  return { groups: [...rows].map(([key, sums]) => toGroup(key, sums)), buckets };
}

const PARTS: readonly Part[] = ["events", "visits", "entries"];

async function askPart(ask: Ask, part: Part, scope: Scope, isSampled: boolean): Promise<readonly Row[]> {
  const units = unitsOf(part, scope);
  const groups = scope.query.dimensions.map((_, index) => `d${index}, `).join("");
  const kind = part === "events" ? "events" : "visits";
  const sql = questionSql(isSampled ? `estimate-${kind}` : `count-${kind}`, { units: units.sql, groups });
  return ask(sql, units.parameters);
}

function unitsOf(part: Part, scope: Scope): Statement {
  if (part === "events") return eventUnits(scope);
  return visitUnits(part === "entries" ? byEntryPage(scope) : scope);
}

/** Returns the function that makes a group of a key (as built above) and its sums. */
export function groupMaker(query: Query, buckets: readonly Bucket[]): (key: string, sums: RowSums) => Group {
  const places = new Map(buckets.map((bucket, index) => [String(bucket.key), index]));
  const isAboutPages = namesPage(query);
  return (key, sums) => {
    const values: readonly string[] = JSON.parse(key);
    let place = 0;
    const matched: string[] = [];
    const dimensions = query.dimensions.map((dimension, index) => {
      const value = values[index] ?? "";
      if (isTimeDimension(dimension)) place = places.get(value) ?? 0;
      matched.push(isTimeDimension(dimension) ? String(place) : value);
      if (isTimeDimension(dimension)) return buckets[place]?.label ?? "";
      return value === "" ? blankLabel(dimension) : value;
    });
    const figures = query.metrics.map((metric) => makeFigure(metric, partOf(metric, isAboutPages), sums));
    return { dimensions, key: JSON.stringify(matched), figures, bucket: place };
  };
}

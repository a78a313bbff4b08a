/** Sets each group of a question beside the same group of the period before. */
import type { AnswerRow, Query } from "../report.ts";
import { isTimeDimension } from "./conditions.ts";
import { type Group, type Groups, groupMaker } from "./groups.ts";

/**
 * Returns the groups of the period asked for, with a group of zeros for each bucket that only the period before has
 * anything in, where time is the only dimension: a line over both periods then has no holes.
 */
export function withComparedBuckets(query: Query, current: Groups, previous: Groups): readonly Group[] {
  if (query.dimensions.length !== 1 || !query.dimensions.some(isTimeDimension)) return current.groups;
  const present = new Set(current.groups.map((group) => group.bucket));
  const make = groupMaker(query, current.buckets);
  const added = previous.groups
    .filter(({ bucket }) => !present.has(bucket) && bucket < current.buckets.length)
    .map(({ bucket }) => make(JSON.stringify([String(current.buckets[bucket]?.key)]), {}));
  return [...current.groups, ...added];
}

/** Returns the function that finds a group's comparison; a group that was not there before is compared with zeros. */
export function comparer(query: Query, previous: Groups): (group: Group) => NonNullable<AnswerRow["comparison"]> {
  const byKey = new Map(previous.groups.map((group) => [group.key, group]));
  const make = groupMaker(query, previous.buckets);
  return (group) => {
    const before = byKey.get(group.key);
    const figures = before?.figures ?? make(JSON.stringify(query.dimensions.map(() => "")), {}).figures;
    const metrics = figures.map(({ value }) => value);
    const change = metrics.map((value, index) => changeInPercent(value, group.figures[index]?.value ?? null));
    return { dimensions: before?.dimensions ?? previousDimensions(query, group, previous), metrics, change };
  };
}

/** Change in percent, rounded; from nothing to something is 100, unknown where either side is. */
export function changeInPercent(before: number | null, now: number | null): number | null {
  if (before === null || now === null) return null;
  if (before === 0) return now === 0 ? 0 : 100;
  return Math.round(((now - before) / before) * 100);
}

function previousDimensions(query: Query, group: Group, previous: Groups): readonly string[] {
  return query.dimensions.map((dimension, index) =>
    isTimeDimension(dimension) ? (previous.buckets[group.bucket]?.label ?? "") : (group.dimensions[index] ?? ""),
  );
}

/** The order of an answer's rows: as asked, and always the same one for rows that are equal in it. */
import type { Query } from "../report.ts";
import { isTimeDimension } from "./conditions.ts";
import type { Group } from "./groups.ts";

type Compare = (a: Group, b: Group) => number;

/** Returns the comparison for a question: its order_by, then its dimensions. Unknown figures come last. */
export function compareGroups(query: Pick<Query, "orderBy" | "metrics" | "dimensions">): Compare {
  const steps = [
    ...query.orderBy.map(([name, direction]) => compareBy(query, name, direction === "asc" ? 1 : -1)),
    ...query.dimensions.map((name) => compareBy(query, name, 1)),
  ];
  return (a, b) => {
    for (const step of steps) {
      const order = step(a, b);
      if (order !== 0) return order;
    }
    return 0;
  };
}

/** Returns the order of a question that names none: time first, then the first metric, most first. */
export function defaultOrder({ metrics, dimensions }: Pick<Query, "metrics" | "dimensions">): Query["orderBy"] {
  const time = dimensions.filter(isTimeDimension).map((dimension) => [dimension, "asc"] as const);
  const most = metrics.slice(0, 1).map((metric) => [metric, "desc"] as const);
  return [...time, ...most];
}

function compareBy(query: Pick<Query, "metrics" | "dimensions">, name: string, sign: 1 | -1): Compare {
  if (isTimeDimension(name)) return (a, b) => sign * (a.bucket - b.bucket);
  const dimension = query.dimensions.map(String).indexOf(name);
  if (dimension >= 0) return (a, b) => sign * compareText(a.dimensions[dimension], b.dimensions[dimension]);
  const metric = query.metrics.map(String).indexOf(name);
  return (a, b) => compareFigures(a.figures[metric]?.value, b.figures[metric]?.value, sign);
}

function compareFigures(a: number | null | undefined, b: number | null | undefined, sign: 1 | -1): number {
  if (typeof a !== "number" || typeof b !== "number")
    return Number(typeof a !== "number") - Number(typeof b !== "number");
  return sign * (a - b);
}

function compareText(a = "", b = ""): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A check as a row of a table: what of it is its own, where a group of checks shares the rest. */
import type { Check } from "../check.ts";

export type Row = readonly [
  own: Pick<Check, "id" | "line" | "severity" | "run">,
  asks: string,
  how: string,
  remedy: string,
];

/** The filters of a question: each checked against the closed lists and bounds before it may become a condition. */
import {
  EVENT_DIMENSIONS,
  FILTER_ONLY_DIMENSIONS,
  FILTER_OPERATORS,
  type Filter,
  VISIT_DIMENSIONS,
} from "../report.ts";
import { refuse, show, typeName } from "./refusal.ts";

const FILTER_DIMENSIONS = [...EVENT_DIMENSIONS, ...VISIT_DIMENSIONS, ...FILTER_ONLY_DIMENSIONS];

/** Bounds of a question: more is no question a person asks, and each costs work on every row. */
const MAX_FILTERS = 20;
const MAX_VALUES = 200;
const MAX_VALUE_LENGTH = 2048;

/** Parses the filters of a body. Throws `invalid_query`. */
export function parseFilters(value: unknown): readonly Filter[] {
  if (!Array.isArray(value)) throw refuse("#/filters", `Type mismatch. Expected Array but got ${typeName(value)}.`);
  if (value.length > MAX_FILTERS) throw refuse("#/filters", `Expected a maximum of ${MAX_FILTERS} items.`);
  return value.map((filter: unknown, index) => parseFilter(filter, `#/filters/${index}`));
}

function parseFilter(filter: unknown, path: string): Filter {
  if (!Array.isArray(filter) || filter.length !== 3) {
    throw refuse(path, `Invalid filter ${show(filter)}: expected [operator, dimension, [value, …]]`);
  }
  const [operator, dimension, values]: unknown[] = filter;
  const knownOperator = FILTER_OPERATORS.find((candidate) => candidate === operator);
  if (knownOperator === undefined) throw refuse(`${path}/0`, `Invalid filter operator ${show(operator)}`);
  const knownDimension = FILTER_DIMENSIONS.find((candidate) => candidate === dimension);
  if (knownDimension === undefined) throw refuse(`${path}/1`, `Invalid filter dimension ${show(dimension)}`);
  const texts = parseValues(values, `${path}/2`);
  if (knownDimension === "visit:is_bot") refuseVague(knownOperator, texts, path);
  return [knownOperator, knownDimension, texts];
}

function parseValues(values: unknown, path: string): readonly string[] {
  if (!Array.isArray(values)) throw refuse(path, `Type mismatch. Expected Array but got ${typeName(values)}.`);
  if (values.length === 0) throw refuse(path, "Expected a minimum of 1 items but got 0.");
  if (values.length > MAX_VALUES) throw refuse(path, `Expected a maximum of ${MAX_VALUES} items.`);
  return values.map((value: unknown, index) => {
    const text = typeof value === "boolean" ? String(value) : value;
    if (typeof text === "string" && text.length <= MAX_VALUE_LENGTH) return text;
    throw refuse(`${path}/${index}`, `Invalid filter value: expected a text of at most ${MAX_VALUE_LENGTH} characters`);
  });
}

function refuseVague(operator: string, values: readonly string[], path: string): void {
  if (operator.startsWith("is") && values.every((value) => value === "true" || value === "false")) return;
  throw refuse(path, 'Invalid visit:is_bot filter: use "is" or "is_not" with "true" or "false".');
}

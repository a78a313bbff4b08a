/** Which events an export takes: conditions such as `event=signup`, which must all hold, and a range of days. */
import { PasserbyError } from "../../errors.ts";
import { EVENT_FIELDS, type StoredEvent } from "../../event.ts";

/** Says whether an event is wanted. */
export type EventFilter = (event: StoredEvent) => boolean;

/** `from` and `to` are UTC days such as `2026-11-23`, both included; undefined is without an end. */
export type DayRange = { readonly from: string | undefined; readonly to: string | undefined };

const OPERATORS = {
  "=": (value: string, wanted: string) => value === wanted,
  "!=": (value: string, wanted: string) => value !== wanted,
  "~": (value: string, wanted: string) => value.includes(wanted),
} as const;

type Operator = keyof typeof OPERATORS;

const METADATA = "metadata.";
const CONDITION = /^([a-z_]+(?:\.[^=!~]+)?)(!=|=|~)(.*)$/s;

/**
 * Parses conditions: a field of an event, or `metadata.` and a key, then `=` (is), `!=` (is not) or `~` (contains),
 * then the value. An event without the field has the value of an empty text. Throws `setting_invalid`.
 */
export function parseFilter(conditions: readonly string[], range: DayRange): EventFilter {
  const tests = [...conditions.map(parseCondition), ...rangeTests(range)];
  return (event) => tests.every((test) => test(event));
}

function parseCondition(text: string): EventFilter {
  const [, name = "", operator = "", wanted = ""] = CONDITION.exec(text) ?? [];
  const read = readerOf(name);
  if (read === undefined || !isOperator(operator)) {
    throw new PasserbyError(
      "setting_invalid",
      `--filter ${text} is not allowed: give a field of an event, =, != or ~, and a value, such as event=signup or metadata.plan=pro`,
    );
  }
  const holds = OPERATORS[operator];
  return (event) => holds(asText(read(event)), wanted);
}

function isOperator(text: string): text is Operator {
  return text in OPERATORS;
}

function readerOf(name: string): ((event: StoredEvent) => unknown) | undefined {
  if (name.startsWith(METADATA)) {
    const key = name.slice(METADATA.length);
    return ({ metadata }) => (Object.hasOwn(metadata, key) ? Reflect.get(metadata, key) : undefined);
  }
  const field = EVENT_FIELDS.find(({ wire }) => wire === name && wire !== "metadata");
  return field === undefined ? undefined : (event) => event[field.key];
}

function asText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function rangeTests({ from, to }: DayRange): readonly EventFilter[] {
  for (const day of [from, to]) if (day !== undefined) refuseNoDay(day);
  if (from !== undefined && to !== undefined && from > to) {
    throw new PasserbyError("setting_invalid", `--from ${from} is after --to ${to}: swap them`);
  }
  // Times of stored events are ISO 8601 in UTC, so that they begin with their day and sort as texts.
  return [
    ...(from === undefined ? [] : [({ timestamp }: StoredEvent) => timestamp.slice(0, 10) >= from]),
    ...(to === undefined ? [] : [({ timestamp }: StoredEvent) => timestamp.slice(0, 10) <= to]),
  ];
}

function refuseNoDay(text: string): void {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
  if (isDay && new Date(text).toISOString().startsWith(text)) return;
  throw new PasserbyError("setting_invalid", `${text} is no day: give a UTC day such as 2026-11-23`);
}

/** Reads lines of the log back: each is a whole, checked event, or a problem that costs only itself. */
import { Compile } from "typebox/compile";
import { EVENT_FIELDS, eventInputSchema, type LogLine, type StoredEvent, serverFieldsSchema } from "../../event.ts";
import { LINE_VERSION, type WriterPosition } from "../write/encode-line.ts";

/** Why a line holds no event. `erased` is no damage: the event was there and was erased on request. */
export const LINE_PROBLEMS = ["erased", "not_utf8", "not_json", "not_an_event", "newer_version", "too_long"] as const;

/** A line that holds no event. The message names fields and reasons, never what the line held. */
export type LineProblem = {
  readonly problem: (typeof LINE_PROBLEMS)[number];
  readonly message: string;
  /** Where an erased line stands, which keeps the place that its event had, or one of a newer version that tells it. */
  readonly position?: WriterPosition;
};

// Every line has these, though a client may leave them out.
const ENSURED = ["visitor_id", "timestamp", "metadata", "event_id", "site", "sample_rate"] as const;
/** Days up to 31 pass here; isRealDay knows how long a month is. */
const UTC_TIME = "^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d\\.\\d{3}Z$";
/** The fields that every line has. */
export const REQUIRED_FIELDS: readonly string[] = [
  ...eventInputSchema.required,
  ...ENSURED,
  ...serverFieldsSchema.required,
];
const fields = { ...eventInputSchema.properties, ...serverFieldsSchema.properties };

/**
 * A line as JSON: types, closed sets and what readers compute with. A client's bounds of length are not asked again:
 * what was stored under other bounds stays readable. Further fields are let through and left out: version 1 may grow.
 */
const lineSchema = {
  type: "object",
  required: REQUIRED_FIELDS,
  properties: {
    ...Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, withoutBounds(field)])),
    v: { const: LINE_VERSION },
    seq: { type: "integer", minimum: 0 },
    event_id: eventInputSchema.properties.event_id,
    sample_rate: eventInputSchema.properties.sample_rate,
    server_sample_rate: eventInputSchema.properties.sample_rate,
    timestamp: { type: "string", pattern: UTC_TIME },
    received_at: { type: "string", pattern: UTC_TIME },
  },
};

const validator = Compile(lineSchema);

function withoutBounds(field: { readonly type: string; readonly enum?: readonly string[] }): object {
  return field.enum ? { type: field.type, enum: field.enum } : { type: field.type };
}

/** Says whether a decoded line is an event. */
export function isStoredEvent(line: StoredEvent | LineProblem): line is StoredEvent {
  return !("problem" in line);
}

/** Returns where a decoded line stands in what its writer wrote; undefined for a damaged one. */
export function positionOf(line: StoredEvent | LineProblem): WriterPosition | undefined {
  return isStoredEvent(line) ? { writer: line.writer, start: line.start, seq: line.seq } : line.position;
}

/** Parses one line (without its `\n`; a `\r` is let pass) into an event with camelCase keys, or says why it is none. */
export function decodeLine(text: string): StoredEvent | LineProblem {
  const value = parseJson(text);
  if (value === undefined) return { problem: "not_json", message: "the line is not JSON" };
  if (!isLogLine(value)) return describeProblem(value);
  if (isRealDay(value.timestamp) && isRealDay(value.received_at)) return toStoredEvent(value);
  return { problem: "not_an_event", message: "a time of the line is on a day that does not exist" };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isLogLine(value: unknown): value is LogLine {
  return validator.Check(value);
}

/** Says whether a text of the form UTC_TIME is a day that there is; `2026-02-30` is none, though Date takes it. */
function isRealDay(time: string): boolean {
  const day = time.slice(8, 10);
  return day <= "28" || new Date(time).toISOString().slice(8, 10) === day;
}

function toStoredEvent(line: LogLine): StoredEvent {
  const event: Partial<Record<keyof StoredEvent, unknown>> = {};
  for (const { wire, key } of EVENT_FIELDS) {
    const value = line[wire];
    if (value !== undefined) event[key] = value;
  }
  return event as StoredEvent;
}

function describeProblem(value: unknown): LineProblem {
  if (typeof value === "object" && value !== null) {
    if ("erased" in value && value.erased === true) {
      return { problem: "erased", message: "the event was erased", ...readPosition(value) };
    }
    if ("v" in value && typeof value.v === "number" && value.v > LINE_VERSION) {
      return {
        problem: "newer_version",
        message: `the line has version ${value.v}, this program reads ${LINE_VERSION}`,
        ...readPosition(value),
      };
    }
  }
  const first = validator.Errors(value)[0];
  return { problem: "not_an_event", message: `${first?.instancePath ?? ""} ${first?.message ?? "is no event"}`.trim() };
}

function readPosition(value: object): { readonly position?: WriterPosition } {
  const { writer, start, seq } = { writer: undefined, start: undefined, seq: undefined, ...value };
  const isPlace = typeof writer === "string" && typeof start === "string" && Number.isSafeInteger(seq);
  return isPlace ? { position: { writer, start, seq: Number(seq) } } : {};
}

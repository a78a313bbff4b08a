/** Reads lines of the log back: each is a whole, checked event, or a problem that costs only itself. */
import { Compile } from "typebox/compile";
import { EVENT_FIELDS, eventInputSchema, type LogLine, type StoredEvent, serverFieldsSchema } from "../event.ts";
import { LINE_VERSION } from "./encode-line.ts";

/** Why a line holds no event. `erased` is no damage: the event was there and was erased on request. */
export const LINE_PROBLEMS = ["erased", "not_utf8", "not_json", "not_an_event", "newer_version", "too_long"] as const;

/** A line that holds no event. The message names fields and reasons, never what the line held. */
export type LineProblem = { readonly problem: (typeof LINE_PROBLEMS)[number]; readonly message: string };

// The store and the visitor's clock need these in every line; event.ts requires them in the type.
const ENSURED = ["visitor_id", "timestamp", "metadata", "event_id", "site", "sample_rate"] as const;
const UTC_TIME = "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$";

/** A line as JSON. More fields than these are let through and left out: a later version 1 may add some. */
const lineSchema = {
  type: "object",
  required: [...eventInputSchema.required, ...ENSURED, ...serverFieldsSchema.required],
  properties: {
    ...eventInputSchema.properties,
    ...serverFieldsSchema.properties,
    v: { const: LINE_VERSION },
    seq: { type: "integer", minimum: 0 },
    received_at: { type: "string", pattern: UTC_TIME },
  },
} as const;

const validator = Compile(lineSchema);

/** Says whether a decoded line is an event. */
export function isStoredEvent(line: StoredEvent | LineProblem): line is StoredEvent {
  return !("problem" in line);
}

/** Parses one line (without its `\n`; a `\r` is let pass) into an event with camelCase keys, or says why it is none. */
export function decodeLine(text: string): StoredEvent | LineProblem {
  const value = parseJson(text);
  if (value === undefined) return { problem: "not_json", message: "the line is not JSON" };
  if (isLogLine(value)) return toStoredEvent(value);
  return describeProblem(value);
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
    if ("erased" in value && value.erased === true) return { problem: "erased", message: "the event was erased" };
    if ("v" in value && typeof value.v === "number" && value.v > LINE_VERSION) {
      return {
        problem: "newer_version",
        message: `the line has version ${value.v}, this program reads ${LINE_VERSION}`,
      };
    }
  }
  const first = validator.Errors(value)[0];
  return { problem: "not_an_event", message: `${first?.instancePath ?? ""} ${first?.message ?? "is no event"}`.trim() };
}

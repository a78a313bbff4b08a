/** Writes events as lines of the log: one line of well-formed JSON each, fields in the order of EVENT_FIELDS. */
import { type AcceptedEvent, EVENT_FIELDS, type EventField } from "../event.ts";

/** Version of the line format that this code writes, and the newest it reads. */
export const LINE_VERSION = 1;

/** Who writes, and the number that its next line gets. */
export type WriterPosition = { readonly writer: string; readonly start: string; readonly seq: number };

const POSITION_KEYS: readonly string[] = ["v", "seq", "writer", "start"];

function isBodyField(field: EventField): field is EventField & { readonly key: keyof AcceptedEvent } {
  return !POSITION_KEYS.includes(field.key);
}

const BODY_FIELDS = EVENT_FIELDS.filter(isBodyField).map(({ wire, key }) => ({
  prefix: `,${JSON.stringify(wire)}:`,
  key,
}));

/**
 * Returns the lines of a batch, numbered on from `position.seq`, each ended by `\n`. Fields that are undefined are left
 * out. A lone surrogate becomes U+FFFD: as an escape it would be valid JSON that most databases refuse to read.
 * About 2.5 µs an event (bench/log-append.ts).
 */
export function encodeLines(events: readonly AcceptedEvent[], position: WriterPosition): string {
  const { seq, ...rest } = position;
  const tail = encodeTail(rest);
  let lines = "";
  for (const [index, event] of events.entries()) {
    lines += `{"v":${LINE_VERSION},"seq":${seq + index}${tail}`;
    for (const field of BODY_FIELDS) {
      const value = event[field.key];
      if (value !== undefined) lines += field.prefix + JSON.stringify(value);
    }
    lines += "}\n";
  }
  return lines.includes("\\ud") ? replaceLoneSurrogates(lines) : lines;
}

/** Returns what a line begins with that stands at a position: no two lines of a log begin the same. */
export function encodePosition({ seq, ...rest }: WriterPosition): string {
  return `{"v":${LINE_VERSION},"seq":${seq}${encodeTail(rest)}`;
}

function encodeTail({ writer, start }: Omit<WriterPosition, "seq">): string {
  return `,"writer":${JSON.stringify(writer)},"start":${JSON.stringify(start)}`;
}

/** JSON.stringify writes a surrogate as an escape only where it is alone; each escape is read whole, so `\\ud800` stays. */
function replaceLoneSurrogates(json: string): string {
  return json.replace(/\\(?:u(d[89a-f][0-9a-f]{2})|.)/g, (found, surrogate) => (surrogate ? "\ufffd" : found));
}

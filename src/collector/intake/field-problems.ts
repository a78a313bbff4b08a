/** What is wrong with a field, in words that a developer can act on; a value from outside is never repeated. */
import { BOUNDS, eventInputSchema } from "../../event.ts";

const FIELD_HINTS: Readonly<Record<string, string>> = {
  event_id: "must be a UUID",
  screen: 'must look like "1440x900"',
  language: "must be a BCP 47 tag such as en-GB",
  bucket: 'must be "page" or left out',
  sample_rate: "must be a number above 0 and at most 1",
};

/** Returns what a field of the schema must be; `value` tells a missing field from a wrong one. */
export function describeField(name: string, value: unknown): string {
  const hint = FIELD_HINTS[name];
  if (hint !== undefined) return hint;
  const property = Object.entries(eventInputSchema.properties).find(([known]) => known === name)?.[1];
  if (property?.type === "object") return "must be a JSON object";
  if (value === undefined) return "is missing: name what happened, such as page_view";
  if (typeof value !== "string") return `must be a string, not ${value === null ? "null" : typeof value}`;
  const min = property !== undefined && "minLength" in property ? property.minLength : 0;
  const max = property !== undefined && "maxLength" in property ? property.maxLength : undefined;
  return max === undefined ? "must be a string" : `must be ${min} to ${max} characters`;
}

const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** A value takes two bytes at least, itself and what parts it from the next; more values cannot fit into the bound. */
const MAX_METADATA_VALUES = BOUNDS.metadataBytes / 2;

/** `mostBytes` is more than the encoded values can take, so that most metadata need not be encoded to be measured. */
type Seen = { keys: number; values: number; mostBytes: number };

/** A character takes 6 bytes when it is written as an escape, the longest number 25; 4 more for quotes and marks. */
const MOST_BYTES = { character: 6, number: 25, marks: 4 } as const;

/** Returns what breaks the bounds of metadata, or undefined when it is fine; the time it takes is bounded by them, too. */
export function describeMetadataProblem(metadata: object): string | undefined {
  const seen = { keys: 0, values: 0, mostBytes: 0 };
  const problem = findProblem(metadata, 1, seen);
  if (problem !== undefined || seen.mostBytes <= BOUNDS.metadataBytes) return problem;
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  return bytes > BOUNDS.metadataBytes ? `is ${bytes} bytes, limit ${BOUNDS.metadataBytes}: shorten it` : undefined;
}

function findProblem(value: unknown, depth: number, seen: Seen): string | undefined {
  seen.values += 1;
  if (seen.values > MAX_METADATA_VALUES) return `is more than ${BOUNDS.metadataBytes} bytes: shorten it`;
  seen.mostBytes +=
    MOST_BYTES.marks + (typeof value === "string" ? value.length * MOST_BYTES.character : MOST_BYTES.number);
  if (typeof value !== "object" || value === null) return undefined;
  if (depth > BOUNDS.metadataDepth) return `is more than ${BOUNDS.metadataDepth} levels deep: flatten it`;
  return Array.isArray(value) ? findProblemOfItems(value, depth, seen) : findKeyProblem(value, depth, seen);
}

function findProblemOfItems(items: readonly unknown[], depth: number, seen: Seen): string | undefined {
  for (const item of items) {
    const problem = findProblem(item, depth + 1, seen);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function findKeyProblem(object: object, depth: number, seen: Seen): string | undefined {
  // Makes no list of pairs, unlike Object.entries: an object may have tens of thousands.
  for (const key in object) {
    seen.keys += 1;
    seen.mostBytes += MOST_BYTES.marks + key.length * MOST_BYTES.character;
    if (seen.keys > BOUNDS.metadataKeys) return `has more than ${BOUNDS.metadataKeys} keys: send fewer`;
    if (FORBIDDEN_KEYS.has(key)) return `has the key ${key}, which is refused: rename it`;
    if (key.length === 0 || key.length > BOUNDS.metadataKeyLength) return "has a key that is not 1 to 64 characters";
    const problem = findProblem(Reflect.get(object, key), depth + 1, seen);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

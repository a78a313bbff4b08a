/**
 * Bodies within the caps that cost a server the most for their size: each was found by measuring or by a search for the
 * slowest, and says what it once did.
 */
import { BOUNDS } from "../../src/event.ts";

const LIMIT = BOUNDS.inflatedBytes;

/** Repeats a text up to a length in bytes; the text is ASCII. */
export function fill(unit: string, length: number): string {
  return unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
}

function nest(open: string, close: string, levels: number): string {
  return `${open.repeat(levels)}1${close.repeat(levels)}`;
}

function manyKeys(count: number, name: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => `"${name(index)}":1`).join();
}

/** Events that fill a body, each with one text in its metadata. */
function eventsOf(text: string): string {
  const event = JSON.stringify({ event: "a", metadata: { text } });
  const count = Math.min(BOUNDS.batchEvents, Math.floor((LIMIT - 2) / (event.length + 1)));
  return `[${new Array(count).fill(event).join()}]`;
}

/** As long as one value of metadata can be. */
const LONGEST = BOUNDS.metadataBytes - 64;

const WRONG = JSON.stringify({
  event: 5,
  visitor_id: 1,
  url: 5,
  title: 5,
  screen: 5,
  metadata: 5,
  event_id: 4,
  site: 4,
});

/** What each body is, the body, and the code of its answer; `stored` where it is accepted. */
export const COSTLY_BODIES: readonly (readonly [what: string, body: string, code: string])[] = [
  ["open arrays", "[".repeat(LIMIT), "invalid_json"],
  ["closed arrays, 14 ms to parse", "[".repeat(LIMIT / 2) + "]".repeat(LIMIT / 2), "invalid_json"],
  ["open objects", fill('{"a":', LIMIT), "invalid_json"],
  ["closed objects", nest('{"a":', "}", 87_000), "invalid_json"],
  ["objects in metadata", `{"event":"a","metadata":${nest('{"a":', "}", 87_000)}}`, "invalid_json"],
  ["arrays in metadata", `{"event":"a","metadata":{"a":${nest("[", "]", 260_000)}}}`, "invalid_json"],
  [
    "a long array in metadata, 20 ms to list",
    `{"event":"a","metadata":{"a":[${fill("0,", 520_000)}0]}}`,
    "invalid_event",
  ],
  ["empty arrays in metadata, 27 ms", `{"event":"a","metadata":{"a":[${fill("[],", 519_999)}0]}}`, "invalid_event"],
  ["45,000 unknown fields, 42 ms to describe", `{"event":"a",${manyKeys(45_000, (i) => `k${i}`)}}`, "invalid_event"],
  ["the same with numbers as names", `{"event":"a",${manyKeys(40_000, (i) => String(i * 97))}}`, "invalid_event"],
  [
    "45,000 fields of a newer contract, 49 ms and named back",
    `{"contract":2,"events":[{"event":"a",${manyKeys(45_000, (i) => `k${i}`)}}]}`,
    "invalid_event",
  ],
  ["metadata with 45,000 keys", `{"event":"a","metadata":{${manyKeys(45_000, (i) => `k${i}`)}}}`, "invalid_event"],
  ["260,000 events", `[${fill("0,", 520_000)}0]`, "payload_too_large"],
  ["one field 40,000 times", `{${fill('"event":"a",', 480_000)}"event":"a"}`, "stored"],
  ["500 events with all fields wrong", `[${new Array(500).fill(WRONG).join()}]`, "invalid_event"],
  ["a digit half a million times", `{"event":"a","sample_rate":${"1".repeat(520_000)}}`, "invalid_event"],
  ["keys that nobody closes, 75 ms to scrub", eventsOf(fill("sk_live_", LONGEST)), "stored"],
  ["numbers like cards, 30 ms", eventsOf(fill("4111-1111-1111-1112 ", LONGEST)), "stored"],
  ["encoded addresses, 45 ms", eventsOf(fill("a%40b.cc ", LONGEST)), "stored"],
  // 2.4 s in all: rounds within rounds within rounds, each with an e-mail pattern that tried 64 characters at every place.
  [
    "long words and addresses encoded up to three times, 77 ms an event",
    eventsOf(
      fill(`${"AKIA".repeat(272)}@@@@@@${fill("a%40b.cc ", 27)}aa@b.cc ${fill("%25", 21)}%252540%2540%40%40`, LONGEST),
    ),
    "stored",
  ],
  ["percent signs before bytes that are no UTF-8, 78 ms an event", eventsOf(fill("%E9.", LONGEST)), "stored"],
];

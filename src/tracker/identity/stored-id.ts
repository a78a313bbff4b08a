/**
 * The text that a browser keeps of a visitor, `<id> since <day>`, which whoever looks into the browser's storage can read.
 * An id is believed for at most 13 months, whatever the text says.
 */
import { random16 } from "../randomness.ts";

const DAY_MS = 86_400_000;

/** The shortest that 13 months can be: from 1 February to 1 March of the next year, with no 29 February between. */
const MAX_AGE_DAYS = 393;

const STORED = /^([\da-f]{32}) since (\d{4}-\d\d-\d\d)$/;

/** Returns a new id: 128 random bits in 32 hexadecimal digits, which nothing about the visitor goes into. */
export function makeVisitorId(): string {
  return Array.from({ length: 8 }, () => random16().toString(16).padStart(4, "0")).join("");
}

/** Returns the text to keep for an id that is first written at a time in milliseconds since 1970. The day is UTC. */
export function writeStoredId(id: string, nowMs: number): string {
  return `${id} since ${new Date(nowMs).toISOString().slice(0, 10)}`;
}

/**
 * Returns the id of a kept text at a time in milliseconds since 1970; undefined for null, for what `writeStoredId` does not
 * write, for an id that is too old, and for one of a later day: there the clock was wrong, and the age is not known.
 */
export function readStoredId(text: string | null, nowMs: number): string | undefined {
  const [, id, day = ""] = STORED.exec(text ?? "") ?? [];
  const ageMs = nowMs - Date.parse(day);
  return ageMs >= 0 && ageMs < MAX_AGE_DAYS * DAY_MS ? id : undefined;
}

/** Event ids: UUID version 7 (RFC 9562 section 5.7), so that a batch sent twice is counted once. */
import { random16 } from "./randomness.ts";

/**
 * Returns a UUID v7 of a time in milliseconds since 1970, with 72 random bits (of 74 possible). `crypto.randomUUID` makes version 4 and
 * is missing on plain http pages, hence this one.
 */
export function makeEventId(nowMs: number): string {
  // The time has 11 hexadecimal digits until the year 2527, and its field 12.
  const pattern = `0${nowMs.toString(16)}-7rrr-8rrr-rrrrrrrrrrrr`.replace(/.{8}/, "$&-");
  return pattern.replace(/r/g, () => (random16() % 16).toString(16));
}

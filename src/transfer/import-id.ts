/**
 * The id of an imported event: a UUID version 8 (RFC 9562, section 5.8) that says which line of which file it came
 * from, so that the same file imported again gives the same ids.
 *
 * 48 + 12 + 14 bits are the first bits of the file's SHA-256, the last 48 bits the byte offset of the line. Two files
 * share the 74 bits with a chance of 1 in 10^22.
 */

/** The part of an event id that stands for a file: the first 19 hexadecimal digits of its SHA-256, the last cut to 2 bits. */
export function fileKey(sha256: string): string {
  const rest = Number.parseInt(sha256.slice(15, 19), 16) >> 2;
  return sha256.slice(0, 15) + rest.toString(16).padStart(4, "0");
}

/** Returns the id of the event made of the line at a byte offset (0 to 2^48 − 1) of the file with this key. */
export function importedEventId(key: string, offset: number): string {
  const variant = (0x8000 | Number.parseInt(key.slice(15), 16)).toString(16);
  const place = offset.toString(16).padStart(12, "0");
  return `${key.slice(0, 8)}-${key.slice(8, 12)}-8${key.slice(12, 15)}-${variant}-${place}`;
}

/** Reads the file's key out of an event id; undefined for an id that no import made. */
export function fileKeyOfEvent(eventId: string): string | undefined {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-8([0-9a-f]{3})-([89ab][0-9a-f]{3})-[0-9a-f]{12}$/i.exec(eventId);
  if (match === null) return undefined;
  const [, first = "", second = "", third = "", fourth = ""] = match;
  const rest = Number.parseInt(fourth, 16) & 0x3fff;
  return (first + second + third).toLowerCase() + rest.toString(16).padStart(4, "0");
}

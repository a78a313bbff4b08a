/** What verify finds: damage, which a sound log has none of, and notes, which somebody may want to know. */

/** What can be wrong with one line. */
export const LINE_DAMAGE = [
  "torn",
  "nul_bytes",
  "not_utf8",
  "not_json",
  "glued",
  "byte_order_mark",
  "carriage_return",
  "not_an_event",
  "too_long",
] as const;
/** What can be wrong with the numbers of lines that are sound by themselves. */
export const ORDER_DAMAGE = ["gap", "repeat", "out_of_order"] as const;
/** What can be wrong with a file as a whole. */
export const FILE_DAMAGE = ["breaks_off", "unreadable", "checksum", "missing", "forms_differ"] as const;

export type LineDamage = (typeof LINE_DAMAGE)[number];
export type DamageKind = LineDamage | (typeof ORDER_DAMAGE)[number] | (typeof FILE_DAMAGE)[number];

/**
 * One damage. `line` counts from 1, `offset` bytes of the uncompressed lines from 0; null where the file as a whole is
 * meant. The message never holds what a line held.
 */
export type Damage = {
  readonly file: string;
  readonly line: number | null;
  readonly offset: number | null;
  readonly kind: DamageKind;
  readonly message: string;
};

/** Something that is no damage. `file` is the name in the data directory. */
export type Note = { readonly file: string; readonly message: string };

/** Where a line stands among those of its writer's start. */
export type LinePosition = { readonly writer: string; readonly start: string; readonly seq: number };

/** Numbers of a start, both ends included. */
export type SeqRange = {
  readonly writer: string;
  readonly start: string;
  readonly from: number;
  readonly to: number;
};

/** Returns a count with its noun: `1 line`, `2,000 lines`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}

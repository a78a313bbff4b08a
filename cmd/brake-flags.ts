/** What the forms of `passerby brake` and `passerby rotate --pause` have in common: flags, and how they are read. */
import { isReason, MAX_REASON_CHARACTERS } from "../src/change-note.ts";
import { PasserbyError } from "../src/errors.ts";
import { parseDuration } from "./duration.ts";

/** Reads `--for`; null where it was not given. Throws `setting_invalid`. */
export function readFor(text: string | undefined): number | null {
  return text === undefined ? null : parseDuration("--for", text);
}

/** Reads `--reason`; null where it was not given. Throws `setting_invalid`. */
export function readReason(text: string | undefined): string | null {
  if (text === undefined || isReason(text)) return text ?? null;
  const message = `--reason is not allowed: give 1 to ${MAX_REASON_CHARACTERS} characters, all printable and on one line`;
  throw new PasserbyError("setting_invalid", message);
}

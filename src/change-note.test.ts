/** What may be kept as the reason of a change: it is printed at terminals, and stands in a comment of nginx. */
import { expect, it } from "vitest";
import { isReason } from "./change-note.ts";

it.each([
  ["words", "a bot floods us; see #12 {}", true],
  ["other letters", "Grüße aus Łódź, 日本", true],
  ["200 characters, each of two code units", "\u{1d504}".repeat(200), true],
  ["201 characters", "x".repeat(201), false],
  ["nothing", "", false],
  ["blanks", "  ", false],
  ["a second line", "a\nreturn 200;", false],
  ["a line separator", "a\u2028b", false],
  ["what clears a screen", "\u001b[2J", false],
  ["what turns the direction of text", "a\u202eb", false],
  ["half a character", "a\ud800", false],
])("takes %s or not", (_, text, isTaken) => {
  expect(isReason(text)).toBe(isTaken);
});

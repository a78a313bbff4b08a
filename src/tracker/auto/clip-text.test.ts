/** Holds that text is cut to its length, whole characters and single spaces. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { clipText } from "./clip-text.ts";

test.for([
  ["  The\n   guide ", 64, "The guide"],
  ["long long", 5, "long"],
  ["ab😀", 3, "ab"],
  ["ab😀", 4, "ab😀"],
  [" \t", 64, ""],
] as const)("cuts %j to %i: %j", ([text, length, clipped]) => {
  expect(clipText(text, length)).toBe(clipped);
});

test("is never longer than asked, never cuts a character in half, and changes nothing the second time", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 0, max: 20 }), (text, length) => {
      const clipped = clipText(text, length);
      expect(clipped.length).toBeLessThanOrEqual(length);
      expect(clipped.isWellFormed()).toBe(true);
      expect(clipText(clipped, length)).toBe(clipped);
    }),
  );
});

/** The alternation that stands for a comparison of numbers, against the comparison itself. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numbersBelow } from "./end-pattern.ts";

/** As nginx reads it: the whole seconds before a point. */
function matches(end: number, value: number): boolean {
  return new RegExp(`^(?:${numbersBelow(end)})\\.`).test(`${value}.123`);
}

describe("the pattern of the numbers below an end", () => {
  it("is right for every end up to 1,020 and every number around it", () => {
    for (let end = 1; end <= 1_020; end += 1) {
      const pattern = new RegExp(`^(?:${numbersBelow(end)})\\.`);
      for (let value = 0; value <= 1_110; value += 1) {
        if (pattern.test(`${value}.0`) !== value < end) throw new Error(`${value} < ${end}: ${pattern}`);
      }
    }
  });

  it("is right for any two numbers, and for those near each other", () => {
    const end = fc.integer({ min: 1, max: 99_999_999_999 });
    fc.assert(
      fc.property(end, fc.nat({ max: 99_999_999_999 }), fc.integer({ min: -2_000, max: 2_000 }), (of, other, near) => {
        expect(matches(of, other)).toBe(other < of);
        expect(matches(of, Math.max(0, of + near))).toBe(near < 0);
      }),
      { numRuns: 500 },
    );
  });

  it.each([1_999_999_999, 2_000_000_000, 2_000_000_001, 1_764_500_000, 9_999_999_999, 10_000_000_000, 1_800_000_010])(
    "is right at the carries around %i",
    (end) => {
      for (let ten = 1; ten <= 10_000_000_000; ten *= 10) {
        for (const value of [end - ten - 1, end - ten, end - ten + 1, end + ten - 1, end + ten]) {
          if (value >= 0) expect([value, matches(end, value)]).toEqual([value, value < end]);
        }
      }
    },
  );

  it("matches nothing that is no such number", () => {
    for (const text of ["", ".1", "x1.1", "-1.1", "01.1", "1764500000", "1e3.1"]) {
      expect([text, new RegExp(`^(?:${numbersBelow(1_764_500_000)})\\.`).test(text)]).toEqual([text, false]);
    }
  });
});

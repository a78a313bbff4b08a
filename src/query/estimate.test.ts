/** Holds the formulas to figures worked out by hand, and the intervals to what 95 % means. */
import { expect, test } from "vitest";
import { estimateRatio, estimateTotal } from "./estimate.ts";

test("a total has a normal interval of its variance", () => {
  expect(estimateTotal({ total: 100, variance: 25 })).toEqual({
    value: 100,
    interval: [expect.closeTo(90.2002, 4), expect.closeTo(109.7998, 4)],
  });
});

test("a total is never less than nothing", () => {
  expect(estimateTotal({ total: 1, variance: 100 }).interval[0]).toBe(0);
});

test("a ratio has the variance of its residuals", () => {
  // Two visitors kept with 1/2: 2 of 4 and 1 of 1. N = 6, D = 10, R = 0.6; residuals -0.4 and 0.4, each times
  // (1 - 1/2) / (1/2)^2 = 2: variance 2 * (0.16 + 0.16) / 100 = 0.0064.
  const estimate = estimateRatio({
    numerator: { total: 6, variance: 2 * (4 + 1) },
    denominator: { total: 10, variance: 2 * (16 + 1) },
    covariance: 2 * (2 * 4 + 1 * 1),
  });
  const half = 1.959964 * 0.08;
  expect(estimate?.value).toBeCloseTo(0.6, 12);
  expect(estimate?.interval).toEqual([expect.closeTo(0.6 - half, 6), expect.closeTo(0.6 + half, 6)]);
});

test("a ratio that is the same for every visitor is certain, although its parts are not", () => {
  const sums = { total: 10, variance: 34 };
  expect(estimateRatio({ numerator: sums, denominator: sums, covariance: 34 })?.interval).toEqual([1, 1]);
});

test("a ratio to nothing is unknown", () => {
  const nothing = { total: 0, variance: 0 };
  expect(estimateRatio({ numerator: nothing, denominator: nothing, covariance: 0 })).toBeNull();
});

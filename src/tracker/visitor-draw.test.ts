/** Holds that the draw agrees with the ground's, and that the visitor's own bucket comes before the page's. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketShare, keepsBucket } from "../sampling.ts";
import { drawVisitor } from "./visitor-draw.ts";

const buckets = fc.integer({ min: 0, max: 65_535 });

test("keeps exactly the visitors that the rate keeps, and reports the exact share", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), buckets, buckets, (rate, own, page) => {
      const draw = drawVisitor(rate, own, page);
      expect(draw !== undefined).toBe(keepsBucket(own, rate));
      if (draw) expect(draw).toEqual({ sample_rate: bucketShare(rate), bucket: undefined });
    }),
  );
});

test("draws by the page's bucket when the visitor's is not known, and says so", () => {
  expect(drawVisitor(0.5, undefined, 32_767)).toEqual({ sample_rate: 0.5, bucket: "page" });
  expect(drawVisitor(0.5, undefined, 32_768)).toBeUndefined();
});

test("keeps nobody at a rate of 0 or at one that is no number, and everybody at 1", () => {
  expect(drawVisitor(0, 0, 0)).toBeUndefined();
  expect(drawVisitor(Number.NaN, 0, 0)).toBeUndefined();
  expect(drawVisitor(1, 65_535, 0)).toEqual({ sample_rate: 1, bucket: undefined });
});

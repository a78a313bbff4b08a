import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bucketShare,
  CLIENT_SEED,
  clientBucket,
  hashVisitor,
  keepsBucket,
  SERVER_SEED,
  unitInterval,
} from "./sampling.ts";

const ids = Array.from({ length: 20_000 }, (_, index) => `visitor-${index}`);

describe("the visitor hash", () => {
  it("never changes, since a change would sample other visitors", () => {
    expect(hashVisitor("visitor-1", CLIENT_SEED).toString(16)).toMatchInlineSnapshot(`"fc1f761ed37d2af6"`);
    expect(hashVisitor("besucher-ü", SERVER_SEED).toString(16)).toMatchInlineSnapshot(`"a82905ece2c83b58"`);
  });

  it("spreads similar ids evenly", () => {
    const tenths = new Array<number>(10).fill(0);
    for (const id of ids) {
      const tenth = Math.floor(unitInterval(id, CLIENT_SEED) * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    // Chi-squared with 9 degrees of freedom: 27.9 is passed by chance once in a thousand times; the ids are fixed.
    const chiSquared = tenths.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
    expect(chiSquared).toBeLessThan(27.9);
  });

  it("draws independently on both sides", () => {
    const both = ids.filter((id) => unitInterval(id, CLIENT_SEED) < 0.5 && unitInterval(id, SERVER_SEED) < 0.5);
    // A quarter of 20,000, within four standard deviations (61 each).
    expect(Math.abs(both.length - 5000)).toBeLessThan(245);
  });
});

describe("a rate over buckets", () => {
  it("keeps a superset of what a lower rate keeps", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (id, a, b) => {
          const [low, high] = a < b ? [a, b] : [b, a];
          return !keepsBucket(clientBucket(id), low) || keepsBucket(clientBucket(id), high);
        },
      ),
    );
  });

  it("reports the exact share it keeps, and agrees with the collector's own check of it", () => {
    fc.assert(
      fc.property(fc.string(), fc.double({ min: 1e-6, max: 1, noNaN: true }), (id, rate) => {
        const share = bucketShare(rate);
        expect(share).toBeGreaterThanOrEqual(rate > 1 ? 1 : Math.min(rate, 1));
        expect(keepsBucket(clientBucket(id), rate)).toBe(unitInterval(id, CLIENT_SEED) < share);
      }),
    );
  });

  it("keeps nobody at 0 and everybody at 1", () => {
    expect([0, 1, 65_535].map((bucket) => keepsBucket(bucket, 0))).toEqual([false, false, false]);
    expect([0, 1, 65_535].map((bucket) => keepsBucket(bucket, 1))).toEqual([true, true, true]);
    expect(bucketShare(0)).toBe(0);
    expect(bucketShare(1)).toBe(1);
  });

  it("keeps one bucket for the smallest rate above 0", () => {
    expect(keepsBucket(0, 1e-9)).toBe(true);
    expect(keepsBucket(1, 1e-9)).toBe(false);
    expect(bucketShare(1e-9)).toBe(1 / 65_536);
  });
});

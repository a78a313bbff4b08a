import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nestsDeeper } from "./nesting.ts";

function nests(json: string, limit: number): boolean {
  return nestsDeeper(Buffer.from(json), limit);
}

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe("the depth of a JSON text", () => {
  it.each([
    ["[[[1]]]", 3, false],
    ["[[[1]]]", 2, true],
    ['{"a":{"b":{"c":[]}}}', 4, false],
    ['{"a":{"b":{"c":[]}}}', 3, true],
    ["[[],[],[],[],[],[]]", 2, false],
    ['["[[[[[[[[", "{{{{{{{{"]', 1, false],
    ['["\\"[[[[[[", "\\\\", [[]]]', 3, false],
    ['["\\"[[[[[[", "\\\\", [[]]]', 2, true],
    ["[[[[[[[[[", 4, true],
    ["", 0, false],
  ])("%s goes deeper than %i: %s", (json, limit, isDeeper) => {
    expect(nests(json, limit)).toBe(isDeeper);
  });

  it("is that of the value, whatever the value", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.nat(8), (value, limit) => {
        expect(nests(JSON.stringify(value), limit)).toBe(depthOf(value) > limit);
      }),
    );
  });
});

/** Reads the test runner's report: what passed, what failed, and what was skipped for want of what. */
import { Compile } from "typebox/compile";

const report = Compile({
  type: "object",
  required: ["testResults"],
  properties: {
    testResults: {
      type: "array",
      items: {
        type: "object",
        required: ["name", "status", "assertionResults"],
        properties: {
          name: { type: "string" },
          status: { type: "string" },
          assertionResults: {
            type: "array",
            items: {
              type: "object",
              required: ["fullName", "status"],
              properties: { fullName: { type: "string" }, status: { type: "string" } },
            },
          },
        },
      },
    },
  },
} as const);

/** Skipped tests by what they need, taken from the `[needs …]` in their name. */
export type Skip = { readonly need: string; readonly count: number };

export type Counts = { readonly passed: number; readonly failed: number; readonly skips: readonly Skip[] };

/**
 * Counts a report; a file that broke before its tests could run counts as one failure. A test with several needs was skipped
 * for the first that is not met. Throws for no report.
 */
export function countTests(json: string, isMet: (need: string) => boolean = () => false): Counts {
  const value: unknown = JSON.parse(json);
  if (!report.Check(value)) throw new Error("the test runner's report is not in the form that vitest 5 writes");
  const tests = value.testResults.flatMap((file) => file.assertionResults);
  const broken = value.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  const skips = new Map<string, number>();
  for (const test of tests) {
    if (test.status === "passed" || test.status === "failed") continue;
    const needs = [...test.fullName.matchAll(/\[needs ([^\]]+)\]/g)].map(([, need = ""]) => need);
    const need = needs.find((one) => !isMet(one)) ?? needs[0] ?? `a reason (${test.fullName})`;
    skips.set(need, (skips.get(need) ?? 0) + 1);
  }
  return {
    passed: tests.filter((test) => test.status === "passed").length,
    failed: tests.filter((test) => test.status === "failed").length + broken.length,
    skips: [...skips].map(([need, count]) => ({ need, count })),
  };
}

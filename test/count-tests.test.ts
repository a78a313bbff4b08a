/** Holds how the test command counts: nothing that did not run may pass for a success. */
import { describe, expect, it } from "vitest";
import { countTests } from "../scripts/count-tests.ts";

type Result = readonly [status: string, fullName: string];

function report(...files: readonly { readonly status: string; readonly results: readonly Result[] }[]): string {
  return JSON.stringify({
    testResults: files.map(({ status, results }, index) => ({
      name: `file-${index}.test.ts`,
      status,
      assertionResults: results.map(([outcome, fullName]) => ({ status: outcome, fullName })),
    })),
  });
}

describe("the count of a test run", () => {
  it("tells passed, failed and skipped apart, and skips by what they need", () => {
    const json = report(
      {
        status: "passed",
        results: [
          ["passed", "a"],
          ["skipped", "browser [needs chromium] a"],
        ],
      },
      {
        status: "failed",
        results: [
          ["failed", "b"],
          ["pending", "browser [needs chromium] b"],
          ["skipped", "disk [needs tmpfs] c"],
        ],
      },
    );
    expect(countTests(json)).toEqual({
      passed: 1,
      failed: 1,
      skips: [
        { need: "chromium", count: 2 },
        { need: "tmpfs", count: 1 },
      ],
    });
  });

  it("tells of a test with several needs the first that is not met", () => {
    const json = report({ status: "passed", results: [["skipped", "edge [needs nginx] a [needs long]"]] });
    expect(countTests(json, (need) => need === "nginx").skips).toEqual([{ need: "long", count: 1 }]);
    expect(countTests(json, (need) => need === "long").skips).toEqual([{ need: "nginx", count: 1 }]);
  });

  it("takes a file that broke before its tests could run for a failure", () => {
    expect(countTests(report({ status: "failed", results: [] }))).toMatchObject({ passed: 0, failed: 1 });
  });

  it("lets no test be skipped without a reason", () => {
    const { skips } = countTests(report({ status: "passed", results: [["skipped", "just so"]] }));
    expect(skips).toEqual([{ need: "a reason (just so)", count: 1 }]);
  });

  it("refuses what is no report", () => {
    expect(() => countTests("{}")).toThrow(/not in the form/);
  });
});

/** Holds how figures read. */
import { describe, expect, it } from "vitest";
import type { Metric } from "../../report.ts";
import { describeChange, formatDuration, formatFigure, formatMargin, formatShare, formatShort } from "./figure-text.ts";

describe("a figure", () => {
  it.each<[Metric, number | null, string]>([
    ["visitors", 0, "0"],
    ["visitors", 12_345, "12,345"],
    ["visitors", 1204.4, "1,204"],
    ["bounce_rate", 43, "43 %"],
    ["bounce_rate", 42.6, "43 %"],
    ["views_per_visit", 2.4, "2.40"],
    ["visit_duration", 83, "1m 23s"],
    ["visitors", null, "–"],
  ])("reads in full: %s %s is %s", (metric, value, text) => {
    expect(formatFigure(metric, value)).toBe(text);
  });

  it("is shortened from 100,000 on where room is scarce", () => {
    expect(formatShort("pageviews", 99_999)).toBe("99,999");
    expect(formatShort("pageviews", 1_234_567)).toBe("1.2M");
  });

  it("that is a duration changes its units at a minute and at an hour", () => {
    expect([0, 59.4, 60, 3599, 3600, 7500].map(formatDuration)).toEqual([
      "0s",
      "59s",
      "1m 0s",
      "59m 59s",
      "1h 0m",
      "2h 5m",
    ]);
  });
});

describe("a share", () => {
  it("names a small part as less than one percent, and none as nothing", () => {
    expect(formatShare(34, 100)).toBe("34 %");
    expect(formatShare(1, 1000)).toBe("< 1 %");
    expect(formatShare(0, 1000)).toBe("0 %");
  });

  it("is left out where the whole is unknown or nothing", () => {
    expect(formatShare(5, null)).toBe("");
    expect(formatShare(0, 0)).toBe("");
  });
});

describe("a margin", () => {
  it("is half the interval", () => {
    expect(formatMargin("visitors", [1_080, 1_320])).toBe("± 120");
  });

  it("is left out of an exact figure", () => {
    expect(formatMargin("visitors", null)).toBe("");
    expect(formatMargin("visitors", [5, 5])).toBe("");
    expect(formatMargin("visitors", undefined)).toBe("");
  });
});

describe("a change", () => {
  it("is good news when more people came and bad news when more left at once", () => {
    expect(describeChange("visitors", 12)).toEqual({ text: "↑ 12 %", spoken: "up 12 percent", tone: "good" });
    expect(describeChange("visitors", -12)?.tone).toBe("bad");
    expect(describeChange("bounce_rate", 12)?.tone).toBe("bad");
    expect(describeChange("bounce_rate", -12)).toEqual({ text: "↓ 12 %", spoken: "down 12 percent", tone: "good" });
  });

  it("of nothing is neutral", () => {
    expect(describeChange("visits", 0)?.tone).toBe("neutral");
  });

  it("that is unknown is not described", () => {
    expect(describeChange("visits", null)).toBeNull();
    expect(describeChange("visits", undefined)).toBeNull();
  });
});

/** Holds what the presets mean and what lies before and after a range. */
import { describe, expect, it } from "vitest";
import { chooseBucket, PRESETS, type Range, shiftRange, toDateRange, toDates } from "./range-presets.ts";
import { findCommand } from "./shortcuts.ts";

/** Monday; in Auckland it is Tuesday already. */
const here = { timezone: "UTC", nowMs: Date.parse("2026-11-23T12:00:00Z") };

describe("a preset", () => {
  it("of days ends yesterday", () => {
    expect(toDates("7d", here)).toEqual({ from: "2026-11-16", to: "2026-11-22" });
  });

  it("is read in the zone", () => {
    const there = { ...here, timezone: "Pacific/Auckland" };
    expect(toDates("day", there)).toEqual({ from: "2026-11-24", to: "2026-11-24" });
  });

  it("that the server does not know goes out as dates", () => {
    expect(toDateRange("yesterday", here)).toEqual(["2026-11-22", "2026-11-22"]);
    expect(toDateRange("last-month", here)).toEqual(["2026-10-01", "2026-10-31"]);
    expect(toDateRange("28d", here)).toBe("28d");
  });

  it.each(PRESETS.map((preset) => [preset.key, preset.id]))("is chosen by its key %s", (key, id) => {
    expect(findCommand(key)).toEqual({ do: "range", preset: id });
    expect(findCommand(key.toUpperCase())).toEqual({ do: "range", preset: id });
  });
});

describe("the graph", () => {
  it.each<[Range, string]>([
    ["day", "hour"],
    ["24h", "hour"],
    ["28d", "day"],
    ["91d", "day"],
    ["12mo", "month"],
    [{ from: "2026-11-22", to: "2026-11-23" }, "hour"],
    [{ from: "2026-01-01", to: "2026-08-01" }, "week"],
    [{ from: "2020-01-01", to: "2026-08-01" }, "month"],
  ])("of %j has a point an %s", (range, bucket) => {
    expect(chooseBucket(range, here)).toBe(bucket);
  });
});

it("leaves the points of all time to the server, which knows how long that is", () => {
  expect(chooseBucket("all", here)).toBeNull();
});

describe("the period before", () => {
  it.each<[Range, Range]>([
    ["day", { from: "2026-11-22", to: "2026-11-22" }],
    ["7d", { from: "2026-11-09", to: "2026-11-15" }],
    ["month", { from: "2026-10-01", to: "2026-10-31" }],
    [
      { from: "2026-10-01", to: "2026-10-31" },
      { from: "2026-09-01", to: "2026-09-30" },
    ],
    [
      { from: "2026-10-05", to: "2026-10-06" },
      { from: "2026-10-03", to: "2026-10-04" },
    ],
  ])("%j is %j", (range, before) => {
    expect(shiftRange(range, -1, here)).toEqual(before);
  });

  it("of all time does not exist", () => {
    expect(shiftRange("all", -1, here)).toBeNull();
  });
});

describe("the period after", () => {
  it("leads back to today, and not beyond", () => {
    expect(shiftRange({ from: "2026-11-22", to: "2026-11-22" }, 1, here)).toEqual({
      from: "2026-11-23",
      to: "2026-11-23",
    });
    expect(shiftRange("day", 1, here)).toBeNull();
    expect(shiftRange("month", 1, here)).toBeNull();
  });
});

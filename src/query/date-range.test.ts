/** Holds which period stands beside a range that is not over yet. */
import { describe, expect, it } from "vitest";
import { previousRange, resolveRange } from "./date-range.ts";

const timezone = "Europe/Berlin";
const ms = (text: string): number => Date.parse(text);

describe("the period before today so far", () => {
  it("is the day before up to the same time", () => {
    const now = ms("2026-11-23T07:40:00+01:00");
    const today = resolveRange("day", { timezone, now, firstEventAt: null, trim: true });
    expect(today.to).toBe(ms("2026-11-23T08:00:00+01:00"));
    expect(previousRange(today, timezone)).toEqual({
      from: ms("2026-11-22T00:00:00+01:00"),
      to: ms("2026-11-22T07:40:00+01:00"),
      days: null,
    });
  });

  it("goes by the wall clock, also on the day after clocks went back", () => {
    const now = ms("2026-10-26T07:40:00+01:00");
    const today = resolveRange("day", { timezone, now, firstEventAt: null, trim: true });
    expect(previousRange(today, timezone)).toMatchObject({
      from: ms("2026-10-25T00:00:00+02:00"),
      to: ms("2026-10-25T07:40:00+01:00"),
    });
  });

  it("is the whole day before where today is taken whole", () => {
    const now = ms("2026-11-23T07:40:00+01:00");
    const today = resolveRange("day", { timezone, now, firstEventAt: null, trim: false });
    expect(previousRange(today, timezone)).toMatchObject({
      from: ms("2026-11-22T00:00:00+01:00"),
      to: ms("2026-11-23T00:00:00+01:00"),
    });
  });
});

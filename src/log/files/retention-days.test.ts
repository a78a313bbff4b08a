/** Holds the rule of how old is too old at the edges of a day. */
import { describe, expect, it } from "vitest";
import { firstKeptDay, isExpired } from "./retention-days.ts";

const at = (time: string): number => Date.parse(time);

describe("a day", () => {
  it("is kept until the midnight after which its first event would be older than the limit", () => {
    expect(isExpired("2026-11-01", 30, at("2026-11-30T23:59:59.999Z"))).toBe(false);
    expect(isExpired("2026-11-01", 30, at("2026-12-01T00:00:00.000Z"))).toBe(true);
  });

  it("is kept for itself alone with a limit of one", () => {
    const nowMs = at("2026-11-24T12:00:00Z");
    expect(firstKeptDay(1, nowMs)).toBe("2026-11-24");
    expect([isExpired("2026-11-24", 1, nowMs), isExpired("2026-11-23", 1, nowMs)]).toEqual([false, true]);
  });

  it("that is still to come is kept", () => {
    expect(isExpired("2027-01-01", 30, at("2026-11-24T12:00:00Z"))).toBe(false);
  });
});

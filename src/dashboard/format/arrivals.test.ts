/** Holds the plain words of the waiting panel, and that no reason of the contract is left without them. */
import { describe, expect, it } from "vitest";
import { DROP_REASONS, REFUSAL_REASONS } from "../../event.ts";
import { describeArrivals, describeNote } from "./arrivals.ts";

describe("the waiting panel", () => {
  it("sums up what arrived", () => {
    expect(describeArrivals({ received: 0, stored: 0, notes: [] })).toBe("Nothing has arrived yet.");
    expect(describeArrivals({ received: 1, stored: 0, notes: [] })).toBe("1 event, none stored");
    expect(describeArrivals({ received: 15, stored: 2, notes: [] })).toBe("15 events, 2 stored");
  });

  it("says what was dropped or refused, and what to do", () => {
    expect(describeNote({ count: 3, kind: "dropped", reason: "opted_out", subject: null })).toBe(
      "3 dropped: opted_out (this browser sends GPC)",
    );
    expect(
      describeNote({ count: 12, kind: "refused", reason: "origin_not_allowed", subject: "https://www.a.com" }),
    ).toBe("12 refused: origin_not_allowed https://www.a.com (add it to ALLOWED_ORIGINS)");
  });

  it.each([...DROP_REASONS, ...REFUSAL_REASONS])("explains %s", (reason) => {
    expect(describeNote({ count: 1, kind: "dropped", reason, subject: null })).toMatch(/\(.+\)$/);
  });
});

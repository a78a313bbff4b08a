import { describe, expect, it } from "vitest";
import { createTally } from "./tally.ts";

describe("the tally of what arrived", () => {
  it("adds up: received is stored, dropped and refused", () => {
    const tally = createTally();
    tally.stored("a.com", 4);
    tally.stored("b.org", 9);
    tally.dropped("a.com", "opted_out");
    tally.dropped("a.com", "opted_out");
    tally.dropped("b.org", "bot");
    tally.refused("origin_not_allowed", { count: 1, subject: "https://www.a.com" });
    tally.refused("invalid_event", { count: 2 });
    tally.lost(5);
    expect(tally.arrivals("a.com")).toEqual({
      received: 9,
      stored: 4,
      dropped: { opted_out: 2 },
      refused: { origin_not_allowed: 1, invalid_event: 2 },
      notes: [
        { count: 2, kind: "dropped", reason: "opted_out", subject: null },
        { count: 1, kind: "refused", reason: "origin_not_allowed", subject: "https://www.a.com" },
        { count: 2, kind: "refused", reason: "invalid_event", subject: null },
      ],
      client_lost: 5,
    });
  });

  it("names a bounded number of refused origins and counts the rest together", () => {
    const tally = createTally();
    for (let index = 0; index < 500; index += 1) {
      tally.refused("origin_not_allowed", { count: 1, subject: `https://${index}.tld` });
    }
    const { notes, refused } = tally.arrivals("a.com");
    expect(notes).toHaveLength(51);
    expect(refused).toEqual({ origin_not_allowed: 500 });
  });
});

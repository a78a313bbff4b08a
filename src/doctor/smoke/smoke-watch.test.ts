/** What rounds of smoke tests say together. */
import { describe, expect, it } from "vitest";
import { judgeRounds, type Round } from "./smoke-watch.ts";

const WARN_PERCENT = 80;

function round(more: Partial<Round> & { readonly logBytes?: number } = {}): Round {
  const report = { at: "2026-11-30T12:00:00.000Z", steps: [], isPassed: true, logBytes: more.logBytes };
  return { report, eventMs: 20, errors: 0, limited: 0, diskPercent: undefined, ...more };
}

describe("the verdict of a watch", () => {
  it("passes where nothing is wrong, and says what the log grew by", () => {
    const verdict = judgeRounds([round({ logBytes: 1000 }), round({ logBytes: 1400 })], WARN_PERCENT);
    expect(verdict).toMatchObject({ isPassed: true, complaints: [], medianMs: 20, logGrowth: 400 });
  });

  it.each([
    ["1 of 2 rounds failed", [round(), round({ errors: 2 })]],
    ["1 answers were 429: the rate limit meets a visitor who sends as little as this", [round({ limited: 1 })]],
    ["1 events took longer than 2 s to be acknowledged", [round(), round({ eventMs: 2_001 })]],
    ["the disk is 83 % full", [round(), round({ diskPercent: 83 })]],
    [
      "answers became slower: 20 ms at first, 200 ms at the end",
      Array.from({ length: 9 }, (_, at) => round({ eventMs: at < 6 ? 20 : 200 })),
    ],
  ])("complains: %s", (complaint, rounds) => {
    expect(judgeRounds(rounds, WARN_PERCENT)).toMatchObject({ isPassed: false, complaints: [complaint] });
  });

  it("says nothing of growth where a new file was begun", () => {
    const verdict = judgeRounds([round({ logBytes: 1400 }), round({ logBytes: 10 })], WARN_PERCENT);
    expect(verdict.logGrowth).toBeUndefined();
  });
});

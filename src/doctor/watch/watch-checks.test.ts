/** Watching tells what changed and keeps the worst. */
import { describe, expect, it } from "vitest";
import { systemClock } from "../../clock.ts";
import { type Finding, fail, pass, skip, warn } from "../check.ts";
import type { Result } from "../run-checks.ts";
import { watchChecks } from "./watch-checks.ts";

function result(id: string, finding: Finding, isBroken = false): Result {
  const words = { asks: id, how: "", remedy: "", line: "1.1" };
  return { check: { id, severity: "low", needs: [], run: () => finding, ...words }, finding, isBroken };
}

const seen = (found: string): { what: string; found: string } => ({ what: "x", found });
const bad = (found: string): Finding => fail([seen(found)], { text: "mend" });

/** Watches rounds that are written down; returns ids told in each round, and the worst verdicts. */
async function watch(rounds: readonly (readonly Result[])[], stopAfter = rounds.length): Promise<object> {
  const told: string[][] = [];
  const stop = new AbortController();
  const worst = await watchChecks({
    ...{ durationMs: 60_000, everyMs: 1, clock: systemClock, signal: stop.signal },
    look: async (round) => rounds[round - 1] ?? [],
    onRound: (changed, round) => {
      told.push(changed.map(({ check }) => check.id));
      if (round === stopAfter) stop.abort();
    },
  });
  return {
    told,
    worst: worst.map(({ check, finding, isBroken }) => `${check.id} ${isBroken ? "broken" : finding.verdict}`),
  };
}

describe("a watch", () => {
  it("tells everything first, then only what has another verdict or evidence", async () => {
    const a = result("a", pass(seen("1")));
    const rounds = [
      [a, result("b", pass(seen("1")))],
      [a, result("b", pass(seen("2")))],
      [a, result("b", pass(seen("2")))],
    ];
    expect(await watch(rounds)).toMatchObject({ told: [["a", "b"], ["b"], []] });
  });

  it("keeps the worst of each check, also of one that is mended or not asked any more", async () => {
    const rounds = [
      [result("a", pass(seen("1"))), result("b", warn([seen("1")], { text: "mend" })), result("c", pass(seen("1")))],
      [result("a", bad("2")), result("b", skip("gone"))],
      [result("a", pass(seen("1"))), result("b", pass(seen("1")))],
    ];
    expect(await watch(rounds)).toMatchObject({ worst: ["a fail", "b warn", "c pass"] });
  });

  it("keeps a check that broke as broken", async () => {
    const rounds = [[result("a", skip("broke"), true)], [result("a", pass(seen("1")))]];
    expect(await watch(rounds)).toMatchObject({ worst: ["a broken"] });
  });

  it("ends when its time is over", async () => {
    let looks = 0;
    const clock = { ...systemClock, monotonicMs: () => looks * 10 };
    await watchChecks({
      ...{ durationMs: 30, everyMs: 10, clock, signal: new AbortController().signal },
      look: async () => {
        looks++;
        return [];
      },
      onRound: () => {},
    });
    expect(looks).toBe(4);
  });
});

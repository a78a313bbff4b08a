/** Runs the checks again and again for a time: tells what changed, and keeps the worst that was seen of each. */
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../clock.ts";
import type { Verdict } from "../check.ts";
import type { Result } from "../run-checks.ts";

export type WatchOptions = {
  readonly durationMs: number;
  readonly everyMs: number;
  /** Runs the checks, with everything read anew. */
  readonly look: (round: number) => Promise<readonly Result[]>;
  /** Told after each round what is not as it was the round before; everything in the first. */
  readonly onRound: (changed: readonly Result[], round: number) => void;
  /** Ends the watch; what was seen until then is the answer. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
};

const WORST_FIRST: readonly Verdict[] = ["fail", "warn", "pass", "skipped"];

/** The worst result of each check over the whole time. */
export async function watchChecks(options: WatchOptions): Promise<readonly Result[]> {
  const { durationMs, everyMs, clock, signal } = options;
  const startMs = clock.monotonicMs();
  let before: readonly Result[] = [];
  const worst = new Map<string, Result>();
  for (let round = 1; ; round++) {
    const results = await options.look(round);
    options.onRound(listChanged(before, results), round);
    for (const result of results) worst.set(result.check.id, worseOf(worst.get(result.check.id), result));
    before = results;
    const nextMs = round * everyMs;
    if (nextMs > durationMs || signal.aborted) return [...worst.values()];
    // Ended by the signal: the verdict so far is what was asked for.
    await delay(Math.max(0, startMs + nextMs - clock.monotonicMs()), undefined, { signal }).catch(() => {});
    if (signal.aborted) return [...worst.values()];
  }
}

/** Results whose verdict or evidence is another than before; a check that was not there before is one of them. */
export function listChanged(before: readonly Result[], now: readonly Result[]): readonly Result[] {
  const known = new Map(before.map((result) => [result.check.id, seenOf(result)]));
  return now.filter((result) => known.get(result.check.id) !== seenOf(result));
}

function seenOf({ finding }: Result): string {
  const { verdict } = finding;
  return JSON.stringify([verdict, finding.verdict === "skipped" ? finding.reason : finding.evidence]);
}

/** A check that broke in one round stays broken: its verdicts say nothing. */
function worseOf(before: Result | undefined, now: Result): Result {
  if (before === undefined || now.isBroken) return now;
  if (before.isBroken) return before;
  const rank = ({ finding }: Result): number => WORST_FIRST.indexOf(finding.verdict);
  return rank(now) < rank(before) ? now : before;
}

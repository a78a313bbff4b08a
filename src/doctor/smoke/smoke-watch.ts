/** A deployment watched by smoke tests for a while: each round's figures, and what they say together at the end. */
import { setTimeout as delay } from "node:timers/promises";
import { runSmokeTest, type SmokeReport, type SmokeTarget } from "./smoke-test.ts";

/** One round. */
export type Round = {
  readonly report: SmokeReport;
  /** Until an event was acknowledged, in milliseconds. */
  readonly eventMs: number;
  /** Steps that failed. */
  readonly errors: number;
  /** Answers with 429. */
  readonly limited: number;
  /** Used share of the data directory's disk in percent; undefined where it cannot be seen from here. */
  readonly diskPercent: number | undefined;
};

export type WatchOptions = {
  readonly durationMs: number;
  readonly everyMs: number;
  readonly readDiskPercent: () => number | undefined;
  readonly onRound: (rounds: readonly Round[]) => void;
  /** Ends the watch early; what was seen until then is judged. */
  readonly signal: AbortSignal;
};

export type WatchVerdict = {
  readonly isPassed: boolean;
  readonly rounds: number;
  readonly errors: number;
  readonly limited: number;
  /** Median and largest time until an event was acknowledged, in milliseconds. */
  readonly medianMs: number;
  readonly largestMs: number;
  /** What the log grew by, in bytes; undefined where the snapshot does not tell, or a new file was begun. */
  readonly logGrowth: number | undefined;
  /** What is not as it should be, a sentence each. */
  readonly complaints: readonly string[];
};

/** An answer that takes longer than a fetch of a tracker waits is one that it sends again. */
const SLOW_MS = 2_000;
/** Slower by so much from the first third to the last is called a drift. */
const DRIFT_FACTOR = 2;
const DRIFT_MS = 100;
/** Fewer rounds say nothing of a drift. */
const DRIFT_ROUNDS = 9;

/** Runs a smoke test every so often until the time is over. */
export async function watchBySmoke(target: SmokeTarget, options: WatchOptions): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  const startMs = target.clock.monotonicMs();
  for (let index = 1; ; index++) {
    const report = await runSmokeTest(target);
    rounds.push({ ...figuresOf(report), diskPercent: options.readDiskPercent() });
    options.onRound(rounds);
    const nextMs = index * options.everyMs;
    if (nextMs > options.durationMs || options.signal.aborted) return rounds;
    const waitMs = Math.max(0, startMs + nextMs - target.clock.monotonicMs());
    // Cut short by the signal: the verdict so far is what was asked for.
    await delay(waitMs, undefined, { signal: options.signal }).catch(() => undefined);
    if (options.signal.aborted) return rounds;
  }
}

/** Judges all rounds together. `warnPercent`: used share of the disk from which on it is complained of. */
export function judgeRounds(rounds: readonly Round[], warnPercent: number): WatchVerdict {
  const times = rounds.map(({ eventMs }) => eventMs);
  const errors = sum(rounds.map((round) => round.errors));
  const limited = sum(rounds.map((round) => round.limited));
  const failed = rounds.filter((round) => round.errors > 0);
  const medianMs = median(times);
  const slow = times.filter((ms) => ms > SLOW_MS).length;
  const [early, late] = [median(firstThird(times)), median(firstThird(times.toReversed()))];
  const hasDrift = rounds.length >= DRIFT_ROUNDS && late > early * DRIFT_FACTOR && late > early + DRIFT_MS;
  const disk = rounds.at(-1)?.diskPercent;
  const complaints = [
    failed.length > 0 && `${failed.length} of ${rounds.length} rounds failed${lastFailure(failed)}`,
    limited > 0 && `${limited} answers were 429: the rate limit meets a visitor who sends as little as this`,
    slow > 0 && `${slow} events took longer than ${SLOW_MS / 1000} s to be acknowledged`,
    hasDrift && `answers became slower: ${Math.round(early)} ms at first, ${Math.round(late)} ms at the end`,
    disk !== undefined && disk >= warnPercent && `the disk is ${disk.toFixed(0)} % full`,
  ].filter((complaint) => complaint !== false);
  return {
    ...{ isPassed: complaints.length === 0, rounds: rounds.length, errors, limited, medianMs, complaints },
    largestMs: Math.max(0, ...times),
    logGrowth: growthOf(rounds),
  };
}

function figuresOf(report: SmokeReport): Omit<Round, "diskPercent"> {
  return {
    report,
    eventMs: report.steps[0]?.tookMs ?? 0,
    errors: report.steps.filter(({ isOk }) => !isOk).length,
    limited: report.steps.filter(({ status }) => status === 429).length,
  };
}

function lastFailure(failed: readonly Round[]): string {
  const step = failed.at(-1)?.report.steps.find(({ isOk }) => !isOk);
  return step === undefined ? "" : `, at last ${step.asked}: ${step.found}`;
}

function growthOf(rounds: readonly Round[]): number | undefined {
  const [first, last] = [rounds[0]?.report.logBytes, rounds.at(-1)?.report.logBytes];
  return first === undefined || last === undefined || last < first ? undefined : last - first;
}

function firstThird(values: readonly number[]): readonly number[] {
  return values.slice(0, Math.ceil(values.length / 3));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return (low + high) / 2;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

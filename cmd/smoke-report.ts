/** What `passerby smoke` says: a line a step, a chart that is drawn anew each round, and the verdict; and all of it as JSON. */
import { styleText } from "node:util";
import type { SmokeReport, SmokeStep, SmokeStepName } from "../src/doctor/smoke/smoke-test.ts";
import type { Round, WatchVerdict } from "../src/doctor/smoke/smoke-watch.ts";

const TITLES: Readonly<Record<SmokeStepName, string>> = {
  event: "an event is on disk",
  snapshot: "the snapshot answers",
  health: "it is healthy",
  in_snapshot: "the event is in the snapshot",
  in_query: "the event is in a query",
};

const BARS = [..."▁▂▃▄▅▆▇█"];
const CHART_WIDTH = 60;

/** The steps of one run. */
export function smokeText(
  report: SmokeReport,
  { hasKey, hasColours }: { hasKey: boolean; hasColours: boolean },
): string {
  const lines = report.steps.map((step) => stepText(step, hasColours));
  if (!hasKey) lines.push("", "Without a key the event cannot be looked up again: give one with --key-file.");
  return lines.join("\n");
}

/** One run in the names of the wire. */
export function smokeJson({ at, steps, isPassed }: SmokeReport): object {
  return {
    ...{ at, passed: isPassed },
    steps: steps.map(({ name, asked, status, tookMs, isOk, found, note }) => ({
      ...{ name, asked, status: status ?? null, took_ms: Math.round(tookMs), passed: isOk, found, note },
    })),
  };
}

/** The chart of a watch: one line a figure, the newest on the right. */
export function chartText(rounds: readonly Round[], leftMs: number): string {
  const last = rounds.at(-1);
  const series = (name: string, pick: (round: Round) => number | undefined, unit: string): string => {
    const values = rounds.map(pick);
    const shown = values.at(-1) === undefined ? "not seen from here" : `${Math.round(values.at(-1) ?? 0)}${unit}`;
    return `${name.padEnd(9)} ${bars(values)} ${shown}`;
  };
  return [
    series("latency", (round) => round.eventMs, " ms"),
    series("errors", (round) => round.errors, ""),
    series("429s", (round) => round.limited, ""),
    series("disk", (round) => round.diskPercent, " %"),
    `${last?.report.at ?? ""}, ${rounds.length} rounds, ${Math.ceil(leftMs / 60_000)} min left`,
  ].join("\n");
}

/** A round on a line of its own, for a log. */
export function roundText({ report, eventMs, errors, limited, diskPercent }: Round): string {
  const disk = diskPercent === undefined ? "" : `, disk ${diskPercent.toFixed(0)} %`;
  const failed = report.steps.filter(({ isOk }) => !isOk).map(({ name, found }) => `; ${name}: ${found}`);
  return `${report.at}  ${Math.round(eventMs)} ms, ${errors} errors, ${limited} of 429${disk}${failed.join("")}`;
}

/** The verdict of a watch. */
export function verdictText(verdict: WatchVerdict): string {
  const { rounds, errors, limited, medianMs, largestMs, logGrowth, complaints, isPassed } = verdict;
  const growth = logGrowth === undefined ? "" : `, the log grew by ${logGrowth} bytes`;
  const figures = `${rounds} rounds: ${errors} errors, ${limited} of 429, median ${Math.round(medianMs)} ms, largest ${Math.round(largestMs)} ms${growth}`;
  return [figures, ...complaints.map((complaint) => `  ${complaint}`), isPassed ? "passed" : "failed"].join("\n");
}

/** The verdict in the names of the wire. */
export function verdictJson({ isPassed, medianMs, largestMs, logGrowth, ...rest }: WatchVerdict): object {
  const { rounds, errors, limited, complaints } = rest;
  return {
    ...{ passed: isPassed, rounds, errors, limited, complaints },
    ...{ median_ms: Math.round(medianMs), largest_ms: Math.round(largestMs), log_growth_bytes: logGrowth ?? null },
  };
}

function stepText({ name, asked, isOk, found, note, tookMs }: SmokeStep, hasColours: boolean): string {
  const mark = isOk ? "✓" : "✗";
  const painted = hasColours ? styleText(isOk ? "green" : "red", mark, { validateStream: false }) : mark;
  const head = `${painted} ${TITLES[name].padEnd(30)} ${`${Math.round(tookMs)} ms`.padStart(8)}  ${found}`;
  return [head, ...(isOk ? [] : [`    ${asked}`]), ...(note === undefined ? [] : [`    ${note}`])].join("\n");
}

/** Bars from 0 to the largest value; a round in which nothing was seen is a gap. */
function bars(values: readonly (number | undefined)[]): string {
  const shown = values.slice(-CHART_WIDTH);
  const largest = Math.max(1, ...shown.map((value) => value ?? 0));
  const bar = (value: number | undefined): string =>
    value === undefined ? " " : (BARS[Math.min(BARS.length - 1, Math.floor((value / largest) * BARS.length))] ?? "");
  return shown.map(bar).join("").padEnd(CHART_WIDTH);
}

/** `passerby doctor --watch`: looks again and again, tells what changed, and ends with the worst of each check. */
import { systemClock } from "../src/clock.ts";
import type { Check } from "../src/doctor/check.ts";
import { type DoctorOptions, openInputs } from "../src/doctor/inputs.ts";
import { resultFacts } from "../src/doctor/report/report-json.ts";
import { resultLine } from "../src/doctor/report/report-text.ts";
import { exitCodeOf, type Result, runChecks } from "../src/doctor/run-checks.ts";
import { watchChecks } from "../src/doctor/watch/watch-checks.ts";
import { parseDuration } from "./duration.ts";

type WatchFlags = { readonly duration: string; readonly every: string; readonly isJson: boolean };

/** Watches until the time is over or Ctrl-C; returns the worst result of each check. */
export async function watchDeployment(
  options: DoctorOptions,
  isAsked: (check: Check) => boolean,
  { duration, every, isJson }: WatchFlags,
): Promise<readonly Result[]> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  const tell = isJson ? tellAsJson : tellAsText;
  const durationMs = parseDuration("--watch", duration);
  const everyMs = parseDuration("--every", every);
  const results = await watchChecks({
    ...{ durationMs, everyMs, clock: systemClock, signal: stop.signal },
    look: (round) =>
      runChecks(openInputs(options), { isAsked: (check) => isAsked(check) && (round === 1 || !isFelt(check)) }),
    onRound: tell,
  });
  process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  if (process.stderr.isTTY && !isJson) process.stderr.write("\r\u001b[K");
  if (isJson) console.log(JSON.stringify({ at: now(), ended: true, exit_code: exitCodeOf(results) }));
  else console.log(stop.signal.aborted ? "\nEnded early; the worst until then:\n" : "\nThe worst of the whole time:\n");
  return results;
}

/** What visitors can feel, or what takes long, is done in the first look only. */
function isFelt({ needs, may = [] }: Check): boolean {
  return [...needs, ...may].some((name) => name === "load" || name === "rehearse" || name === "run_tests");
}

function tellAsText(changed: readonly Result[], round: number): void {
  const hasColours = process.stdout.hasColors?.() ?? false;
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  // In the first look everything is new: what is well is a figure then.
  const isTold = ({ finding }: Result): boolean =>
    round > 1 || finding.verdict === "fail" || finding.verdict === "warn";
  for (const result of changed.filter(isTold)) {
    console.log(`${now()} ${resultLine(result, hasColours)}${seenIn(result)}`);
  }
  if (round === 1)
    console.log(`${now()} ${changed.length - changed.filter(isTold).length} others passed or were skipped`);
  if (process.stderr.isTTY) process.stderr.write(`${now()} looked ${round} times`);
}

function tellAsJson(changed: readonly Result[], round: number): void {
  for (const result of changed) console.log(JSON.stringify({ at: now(), round, ...resultFacts(result) }));
}

/** What is not well is told with what was seen. */
function seenIn({ finding }: Result): string {
  if (finding.verdict !== "fail" && finding.verdict !== "warn") return "";
  return `: ${finding.evidence.map(({ what, found }) => `${what} ${found}`).join("; ")}`;
}

function now(): string {
  return `${new Date(systemClock.now()).toISOString().slice(0, 19)}Z`;
}

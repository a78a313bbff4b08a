/**
 * The doctor: holds every line of the production checklist against a deployment and says what is wrong and how to mend it.
 *
 * checklist.ts has the lines, catalogue.ts the checks, one file of checks a section. A check asks for inputs (inputs.ts), looks,
 * and returns a finding with its evidence. Checks run one after the other, in order, so that the doctor is a polite guest of
 * what it looks at. No line is passed in silence: what could not be seen is skipped with the reason, and the reason names the
 * flag that would allow it. A check that breaks is no verdict about the deployment: it is told as ours, and the exit code is 2.
 */
import { describeError } from "../errors.ts";
import { CHECKS } from "./catalogue.ts";
import { type Check, type Finding, fail, skip } from "./check.ts";
import { InputMissing, InputUnreadable } from "./input-errors.ts";
import type { Given } from "./inputs.ts";
import { NoAnswer } from "./probe/ask.ts";

/** What became of a check. `isBroken`: the check itself failed, which says nothing of the deployment. */
export type Result = { readonly check: Check; readonly finding: Finding; readonly isBroken: boolean };

export type RunOptions = {
  /** Only these checks; the ones that they come after are not run for it. */
  readonly isAsked?: (check: Check) => boolean;
  /** Told before each check. */
  readonly onStart?: (check: Check) => void;
  /** Told after each check. */
  readonly onResult?: (result: Result) => void;
};

/** Runs the checks. Never throws for what it finds. */
export async function runChecks(given: Given, options: RunOptions = {}): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const check of CHECKS.filter(options.isAsked ?? (() => true))) {
    options.onStart?.(check);
    const result = await runCheck(check, given, results);
    results.push(result);
    options.onResult?.(result);
  }
  return results;
}

async function runCheck(check: Check, given: Given, before: readonly Result[]): Promise<Result> {
  const cause = before.find(({ check: { id }, finding }) => check.after?.includes(id) && isInTheWay(finding));
  if (cause !== undefined) return { check, isBroken: false, finding: skip(reasonAfter(cause)) };
  try {
    return { check, isBroken: false, finding: await check.run(given) };
  } catch (error) {
    const finding = findingOf(error, check);
    if (finding !== undefined) return { check, isBroken: false, finding };
    return {
      check,
      isBroken: true,
      finding: skip(`the check itself broke: ${describeError(error)}; please report it`),
    };
  }
}

const MEND_FIRST = "mend";

/** A check that failed, or was itself skipped for such a one; one that nobody allowed says nothing of those after it. */
function isInTheWay(finding: Finding): boolean {
  return finding.verdict === "fail" || (finding.verdict === "skipped" && finding.reason.startsWith(MEND_FIRST));
}

function reasonAfter({ check, finding }: Result): string {
  return finding.verdict === "skipped" ? finding.reason : `${MEND_FIRST} ${check.id} first`;
}

function findingOf(error: unknown, check: Check): Finding | undefined {
  if (error instanceof InputMissing) return skip(error.message);
  if (error instanceof InputUnreadable) {
    if (check.judges === undefined) return skip(`${error.where} cannot be read: ${error.message}`);
    return fail([{ what: check.judges, found: error.message, where: error.where }], { text: check.remedy });
  }
  return error instanceof NoAnswer ? skip(`${error.message}: ask again`) : undefined;
}

/** The exit code of a run: 0 all well, 1 something failed, 2 a check broke or nothing could be looked at. */
export function exitCodeOf(results: readonly Result[]): 0 | 1 | 2 {
  if (results.some(({ finding }) => finding.verdict === "fail")) return 1;
  const isUnable = results.every(({ finding }) => finding.verdict === "skipped");
  return isUnable || results.some(({ isBroken }) => isBroken) ? 2 : 0;
}

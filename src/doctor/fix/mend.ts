/**
 * Mends what can be mended by an edit: offers the edits one by one, and looks again after each, so that several edits of one
 * file build on one another. Nothing is written that was not agreed to.
 */
import { describeError } from "../../errors.ts";
import type { FileEdit } from "../check.ts";
import type { Result } from "../run-checks.ts";
import { type Applied, applyEdit, EditRefused } from "./apply-edit.ts";

/** An edit with the check that asks for it. */
export type Offer = { readonly edit: FileEdit; readonly checkId: string };

export type MendOptions = {
  /** Whether to write it; shows it to whoever decides. */
  readonly decide: (offer: Offer) => Promise<boolean>;
  /** Runs the checks of files again. */
  readonly lookAgain: () => Promise<readonly Result[]>;
  readonly onApplied: (offer: Offer, applied: Applied) => void;
  readonly onRefused: (offer: Offer, reason: string) => void;
  readonly nowMs: () => number;
};

/** What was done: results as they are now, and ids of the checks that were not content and are. */
export type Mended = {
  readonly results: readonly Result[];
  readonly mended: readonly string[];
  readonly applied: number;
};

/** Goes on until no edit is left that was not offered yet. */
export async function mend(first: readonly Result[], options: MendOptions): Promise<Mended> {
  const offered = new Set<string>();
  let results = first;
  let applied = 0;
  for (;;) {
    const offer = listOffers(results).find((one) => !offered.has(keyOf(one)));
    if (offer === undefined) break;
    offered.add(keyOf(offer));
    if (!(await options.decide(offer)) || !tryApply(offer, options)) continue;
    applied++;
    results = takeOver(results, await options.lookAgain());
  }
  const unwell = new Set(first.filter(isComplaint).map(({ check }) => check.id));
  const mended = results.filter((result) => result.finding.verdict === "pass" && unwell.has(result.check.id));
  return { results, applied, mended: mended.map(({ check }) => check.id) };
}

/** Every edit that some complaint has. */
export function listOffers(results: readonly Result[]): readonly Offer[] {
  return results.flatMap(({ check, finding }) => {
    if (finding.verdict !== "fail" && finding.verdict !== "warn") return [];
    return (finding.remedy.edits ?? []).map((edit) => ({ edit, checkId: check.id }));
  });
}

/** A check that is not content after its own edit of a file would offer it for ever: once a file and check is enough. */
function keyOf({ edit, checkId }: Offer): string {
  return `${checkId} ${edit.path}`;
}

function tryApply(offer: Offer, { nowMs, onApplied, onRefused }: MendOptions): boolean {
  try {
    onApplied(offer, applyEdit(offer.edit, nowMs()));
    return true;
  } catch (error) {
    onRefused(offer, error instanceof EditRefused ? error.message : describeError(error));
    return false;
  }
}

/** The newer finding of each check that was looked at again. */
function takeOver(before: readonly Result[], again: readonly Result[]): readonly Result[] {
  const newer = new Map(again.map((result) => [result.check.id, result]));
  return before.map((result) => newer.get(result.check.id) ?? result);
}

function isComplaint({ finding }: Result): boolean {
  return finding.verdict === "fail" || finding.verdict === "warn";
}

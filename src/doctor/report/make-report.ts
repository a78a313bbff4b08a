/** What the doctor found, by section and line of the checklist: what every form of the report is made from. */

import { VERDICTS, type Verdict } from "../check.ts";
import { CHECKLIST, type Line } from "../checklist.ts";
import type { Result } from "../run-checks.ts";
import type { EffectiveSetting } from "./effective-settings.ts";

export type LineReport = Line & { readonly results: readonly Result[]; readonly verdict: Verdict };

export type SectionReport = { readonly section: number; readonly title: string; readonly lines: readonly LineReport[] };

export type Report = {
  /** ISO 8601. */
  readonly checkedAt: string;
  /** What was looked at, by input name. */
  readonly lookedAt: Readonly<Record<string, string>>;
  /** What the collector is set to where that is not the default. */
  readonly settings: readonly EffectiveSetting[];
  /** Number of checks by verdict. */
  readonly summary: Readonly<Record<Verdict, number>>;
  readonly sections: readonly SectionReport[];
};

/** Puts results in the order of the checklist; sections of which nothing was asked are left out. */
export function makeReport(
  results: readonly Result[],
  { checkedAt, lookedAt, settings }: Pick<Report, "checkedAt" | "lookedAt" | "settings">,
): Report {
  const byLine = Map.groupBy(results, ({ check }) => check.line);
  const sections = CHECKLIST.map(({ lines, ...section }) => ({
    ...section,
    lines: lines.flatMap((line): LineReport[] => {
      const ofLine = byLine.get(line.line);
      return ofLine === undefined ? [] : [{ ...line, results: ofLine, verdict: worstOf(ofLine) }];
    }),
  }));
  const count = (verdict: Verdict): number => results.filter(({ finding }) => finding.verdict === verdict).length;
  return {
    ...{ checkedAt, lookedAt, settings },
    summary: { pass: count("pass"), warn: count("warn"), fail: count("fail"), skipped: count("skipped") },
    sections: sections.filter(({ lines }) => lines.length > 0),
  };
}

/** From worst to best: one skipped check keeps a line from having passed. */
const WORST_FIRST: readonly Verdict[] = ["fail", "warn", "skipped", "pass"];

function worstOf(results: readonly Result[]): Verdict {
  return WORST_FIRST.find((verdict) => results.some(({ finding }) => finding.verdict === verdict)) ?? VERDICTS[0];
}

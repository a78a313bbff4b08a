/** The report for machines. */
import type { Finding } from "../check.ts";
import type { Result } from "../run-checks.ts";
import type { Report } from "./make-report.ts";
import { diffOf } from "./unified-diff.ts";

/** Writes the report in the names of the wire, one object. */
export function reportJson(report: Report): string {
  const { checkedAt, lookedAt, settings, summary, sections } = report;
  return JSON.stringify(
    {
      ...{ checked_at: checkedAt, looked_at: lookedAt, settings, summary },
      sections: sections.map(({ section, title, lines }) => ({
        ...{ section, title },
        lines: lines.map(({ line, asks, correction, verdict, results }) => ({
          ...{ line, asks, correction, verdict },
          checks: results.map(resultFacts),
        })),
      })),
    },
    null,
    2,
  );
}

/** A result in the names of the wire. Of an edit it has the diff: the whole file could hold secrets. */
export function resultFacts({ check, finding, isBroken }: Result): object {
  const { id, asks, how, severity } = check;
  return { ...{ id, asks, how, severity }, ...findingFacts(finding), ...(isBroken ? { broken: true } : {}) };
}

function findingFacts(finding: Finding): object {
  if (finding.verdict === "pass" || finding.verdict === "skipped") return finding;
  const { edits, ...remedy } = finding.remedy;
  const diffs = edits?.map((edit) => ({ path: edit.path, diff: diffOf(edit) }));
  return { ...finding, remedy: { ...remedy, ...(diffs === undefined ? {} : { edits: diffs }) } };
}

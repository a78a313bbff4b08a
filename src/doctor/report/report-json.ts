/** The report for machines. */
import type { Result } from "../run-checks.ts";
import type { Report } from "./make-report.ts";

/** Writes the report in the names of the wire, one object. */
export function reportJson(report: Report): string {
  const { checkedAt, lookedAt, summary, sections } = report;
  return JSON.stringify(
    {
      ...{ checked_at: checkedAt, looked_at: lookedAt, summary },
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

function resultFacts({ check, finding, isBroken }: Result): object {
  const { id, asks, how, severity } = check;
  return { ...{ id, asks, how, severity }, ...finding, ...(isBroken ? { broken: true } : {}) };
}

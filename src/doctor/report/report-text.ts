/** The report for a person at a terminal: what is wrong first in each section, and what to do. */
import { styleText } from "node:util";
import type { Evidence, Remedy, Verdict } from "../check.ts";
import type { Result } from "../run-checks.ts";
import type { Report } from "./make-report.ts";

/** Paints a text where colours are wanted. */
type Paint = (format: "green" | "yellow" | "red" | "dim" | "bold", text: string) => string;

const MARKS: Readonly<Record<Verdict, { readonly mark: string; readonly colour: "green" | "yellow" | "red" | "dim" }>> =
  {
    pass: { mark: "✓", colour: "green" },
    warn: { mark: "!", colour: "yellow" },
    fail: { mark: "✗", colour: "red" },
    skipped: { mark: "–", colour: "dim" },
  };

/** Writes the report; `isVerbose` shows the evidence of what passed, too. */
export function reportText(
  report: Report,
  options: { readonly hasColours: boolean; readonly isVerbose: boolean },
): string {
  const paint: Paint = (format, text) =>
    options.hasColours ? styleText(format, text, { validateStream: false }) : text;
  const sections = report.sections.map(({ section, title, lines }) =>
    [
      paint("bold", `${section}  ${title}`),
      ...lines.flatMap(({ results }) => results.flatMap((result) => resultLines(result, paint, options.isVerbose))),
    ].join("\n"),
  );
  return [...sections, summaryText(report, paint)].join("\n\n");
}

/** The line of a result, as the live list shows it. */
export function resultLine({ check, finding }: Result, hasColours: boolean): string {
  const { mark, colour } = MARKS[finding.verdict];
  const painted = hasColours ? styleText(colour, mark, { validateStream: false }) : mark;
  return `${painted} ${check.line.padEnd(4)} ${check.asks}`;
}

function resultLines(result: Result, paint: Paint, isVerbose: boolean): readonly string[] {
  const { check, finding } = result;
  const { mark, colour } = MARKS[finding.verdict];
  const head = `  ${paint(colour, mark)} ${check.line.padEnd(4)} ${check.asks}  ${paint("dim", check.id)}`;
  if (finding.verdict === "skipped") return [head, `         ${paint("dim", finding.reason)}`];
  if (finding.verdict === "pass") return isVerbose ? [head, ...finding.evidence.map(evidenceLine)] : [head];
  return [head, ...finding.evidence.map(evidenceLine), ...remedyLines(finding.remedy, paint)];
}

function evidenceLine({ what, found, where }: Evidence): string {
  return `         ${what}: ${found}${where === undefined ? "" : `  (${where})`}`;
}

function remedyLines({ text, commands = [], edits = [] }: Remedy, paint: Paint): readonly string[] {
  const fixes = edits.map(({ path }) => `         --fix changes ${path}`);
  return [`         ${paint("bold", "→")} ${text}`, ...commands.map((command) => `           ${command}`), ...fixes];
}

function summaryText({ summary }: Report, paint: Paint): string {
  const parts = [
    paint("green", `${summary.pass} passed`),
    paint(summary.warn > 0 ? "yellow" : "dim", `${summary.warn} warnings`),
    paint(summary.fail > 0 ? "red" : "dim", `${summary.fail} failed`),
    paint("dim", `${summary.skipped} skipped`),
  ];
  return parts.join(", ");
}

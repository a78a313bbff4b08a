/** The report for a person at a terminal: the settings in force, every line of the checklist, and at the end what to do now. */
import { styleText } from "node:util";
import type { Evidence, Remedy, Severity, Verdict } from "../check.ts";
import { SEVERITIES } from "../check.ts";
import type { Result } from "../run-checks.ts";
import type { Report } from "./make-report.ts";
import { wrapText } from "./wrap-text.ts";

/** Paints a text where colours are wanted. */
type Paint = (format: "green" | "yellow" | "red" | "dim" | "bold", text: string) => string;

export type TextOptions = {
  readonly hasColours: boolean;
  /** Shows the evidence of what passed, too. */
  readonly isVerbose: boolean;
  /** Characters a line; 100 by default. */
  readonly width?: number | undefined;
};

type Style = { readonly paint: Paint; readonly width: number; readonly isVerbose: boolean };

const MARKS: Readonly<Record<Verdict, { readonly mark: string; readonly colour: "green" | "yellow" | "red" | "dim" }>> =
  {
    pass: { mark: "✓", colour: "green" },
    warn: { mark: "!", colour: "yellow" },
    fail: { mark: "✗", colour: "red" },
    skipped: { mark: "–", colour: "dim" },
  };

const DEFAULT_WIDTH = 100;
const INDENT = " ".repeat(9);

/** Writes the report. */
export function reportText(report: Report, { hasColours, isVerbose, width = DEFAULT_WIDTH }: TextOptions): string {
  const paint: Paint = (format, text) => (hasColours ? styleText(format, text, { validateStream: false }) : text);
  const style = { paint, width, isVerbose };
  const sections = report.sections.map(({ section, title, lines }) =>
    [
      paint("bold", `${section}  ${title}`),
      ...lines.flatMap(({ results }) => results.flatMap((result) => resultLines(result, style))),
    ].join("\n"),
  );
  const parts = [settingsText(report, style), ...sections, todoText(report, style), summaryText(report, paint)];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** The line of a result, as the live list shows it. */
export function resultLine({ check, finding }: Result, hasColours: boolean): string {
  const { mark, colour } = MARKS[finding.verdict];
  const painted = hasColours ? styleText(colour, mark, { validateStream: false }) : mark;
  return `${painted} ${check.line.padEnd(4)} ${check.asks}`;
}

function settingsText({ settings }: Report, { paint }: Style): string {
  if (settings.length === 0) return "";
  const length = Math.max(...settings.map(({ variable }) => variable.length));
  const lines = settings.map(
    ({ variable, value, where }) => `   ${variable.padEnd(length)}  ${value}  ${paint("dim", where)}`,
  );
  return [paint("bold", "The collector's settings that differ from the default"), ...lines].join("\n");
}

function resultLines(result: Result, style: Style): readonly string[] {
  const { check, finding } = result;
  const { paint, width, isVerbose } = style;
  const { mark, colour } = MARKS[finding.verdict];
  const [first = "", ...more] = wrapText(`${check.asks}  ${check.id}`, `  ${mark} ${check.line.padEnd(4)} `, width);
  // Painted after it was broken: what a terminal does not show has no width.
  const head = [first.replace(mark, () => paint(colour, mark)), ...more].map((line) =>
    line.replace(check.id, () => paint("dim", check.id)),
  );
  if (finding.verdict === "skipped") {
    return [...head, ...wrapText(finding.reason, INDENT, width).map((line) => paint("dim", line))];
  }
  if (finding.verdict === "pass")
    return isVerbose ? [...head, ...finding.evidence.flatMap(evidenceLines(width))] : head;
  return [...head, ...finding.evidence.flatMap(evidenceLines(width)), ...remedyLines(finding.remedy, style)];
}

function evidenceLines(width: number): (evidence: Evidence) => readonly string[] {
  return ({ what, found, where }) =>
    wrapText(`${what}: ${found}${where === undefined ? "" : `  (${where})`}`, INDENT, width);
}

function remedyLines({ text, commands = [], edits = [] }: Remedy, { paint, width }: Style): readonly string[] {
  const fixes = edits.map(({ path }) => `${INDENT}--fix changes ${path}`);
  const words = wrapText(text, `${INDENT}→ `, width).map((line) => line.replace("→", () => paint("bold", "→")));
  return [...words, ...commands.map((command) => `${INDENT}  ${command}`), ...fixes];
}

/** What is wrong, the worst first: fail before warn where both cost the same. */
export function listComplaints(report: Report): readonly Result[] {
  const results = report.sections.flatMap(({ lines }) => lines.flatMap((line) => line.results));
  const of = (verdict: Verdict, severity: Severity): readonly Result[] =>
    results.filter(({ check, finding }) => finding.verdict === verdict && check.severity === severity);
  return SEVERITIES.flatMap((severity) => [...of("fail", severity), ...of("warn", severity)]);
}

function todoText(report: Report, { paint, width }: Style): string {
  const lines = listComplaints(report).flatMap(({ check, finding }, index) => {
    if (finding.verdict !== "fail" && finding.verdict !== "warn") return [];
    const number = `${String(index + 1).padStart(3)}. `;
    return wrapText(`${check.severity}: ${finding.remedy.text}  (${check.id})`, number, width);
  });
  return lines.length === 0 ? "" : [paint("bold", "What to do now"), ...lines].join("\n");
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

/** The report as a checklist in Markdown, for an issue or a wiki: a box a check, with evidence and remedy below it. */
import type { Evidence, Remedy, Verdict } from "../check.ts";
import type { Result } from "../run-checks.ts";
import type { Report } from "./make-report.ts";
import { diffOf } from "./unified-diff.ts";

/** Ticked is what was seen to be right; what works but not as asked, or could not be seen, is neither. */
const BOXES: Readonly<Record<Verdict, string>> = { pass: "[x]", warn: "[~]", fail: "[ ]", skipped: "[~]" };

/** Writes the report. What a deployment says stands in code, so that nothing of it is read as Markdown. */
export function reportMarkdown(report: Report): string {
  const { checkedAt, summary, sections, settings, lookedAt } = report;
  const looked = Object.entries(lookedAt).map(([name, value]) => `- ${plain(name)}: ${code(value)}`);
  return [
    "# Production checklist",
    `Checked ${checkedAt}: ${summary.pass} passed, ${summary.warn} warnings, ${summary.fail} failed, ${summary.skipped} skipped.`,
    "`[x]` was seen to be so, `[ ]` is not so, `[~]` works but not as asked, or could not be seen.",
    looked.join("\n"),
    settings.length === 0 ? "" : "## Settings that differ from the default",
    settings.map(({ variable, value, where }) => `- ${code(`${variable}=${value}`)} (${code(where)})`).join("\n"),
    ...sections.map(({ section, title, lines }) =>
      [`## ${section}. ${plain(title)}`, lines.flatMap(({ results }) => results.map(resultItem)).join("\n")].join(
        "\n\n",
      ),
    ),
  ]
    .filter((part) => part !== "")
    .join("\n\n")
    .concat("\n");
}

function resultItem({ check, finding }: Result): string {
  const note = finding.verdict === "warn" || finding.verdict === "skipped" ? ` (${finding.verdict})` : "";
  const head = `- ${BOXES[finding.verdict]} **${check.line}** ${plain(check.asks)}${note} ${code(check.id)}`;
  if (finding.verdict === "skipped") return `${head}\n  - ${plain(finding.reason)}`;
  const evidence = finding.evidence.map(evidenceItem);
  if (finding.verdict === "pass") return [head, ...evidence].join("\n");
  return [head, ...evidence, ...remedyItems(finding.remedy, check.severity)].join("\n");
}

function evidenceItem({ what, found, where }: Evidence): string {
  return `  - ${plain(what)}: ${code(found)}${where === undefined ? "" : ` in ${code(where)}`}`;
}

function remedyItems({ text, commands = [], edits = [] }: Remedy, severity: string): readonly string[] {
  const diffs = edits.map((edit) => block("diff", diffOf(edit)));
  return [
    `  - **To do** (${severity}): ${plain(text)}`,
    ...(commands.length > 0 ? [block("", commands.join("\n"))] : []),
    ...diffs,
  ];
}

/** A block of code inside a list item; its fence is longer than any run of backticks in it. */
function block(language: string, text: string): string {
  const fence = fenceFor(text, 3);
  return ["", `${fence}${language}`, ...text.split("\n"), fence]
    .map((line) => (line === "" ? "" : `    ${line}`))
    .join("\n");
}

/** Code within a line (CommonMark 6.1): fenced by more backticks than it has in a row. */
function code(text: string): string {
  const line = text.replace(/\s*[\r\n]+\s*/g, " ");
  if (line.trim() === "") return "(empty)";
  const fence = fenceFor(line, 1);
  const space = /^[` ]|[` ]$/.test(line) ? " " : "";
  return `${fence}${space}${line}${space}${fence}`;
}

function fenceFor(text: string, least: number): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  return "`".repeat(Math.max(least, longest + 1));
}

/** Words of ours, with whatever a path or a message has put into them. */
function plain(text: string): string {
  return text.replace(/[\r\n]+/g, " ").replace(/[\\`*[\]<>|~]/g, "\\$&");
}

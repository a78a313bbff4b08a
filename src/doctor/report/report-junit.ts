/** The report as JUnit XML, for what shows the results of tests: a suite a section, a case a check. */
import type { Evidence, Remedy } from "../check.ts";
import type { Result } from "../run-checks.ts";
import type { Report } from "./make-report.ts";

/** Writes the report. A warning is a case that passed, with the warning in its output; a check of ours that broke is an error. */
export function reportJunit(report: Report): string {
  const suites = report.sections.map(({ section, title, lines }) => {
    const results = lines.flatMap((line) => line.results);
    const head = attributes({
      name: `${section} ${title}`,
      timestamp: report.checkedAt.slice(0, 19),
      ...countsOf(results),
    });
    return [`  <testsuite${head}>`, ...results.map(testCase), "  </testsuite>"].join("\n");
  });
  const all = report.sections.flatMap(({ lines }) => lines.flatMap((line) => line.results));
  const head = attributes({ name: "passerby doctor", ...countsOf(all) });
  return ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites${head}>`, ...suites, "</testsuites>"].join("\n");
}

function countsOf(results: readonly Result[]): Readonly<Record<string, string>> {
  const count = (isOne: (result: Result) => boolean): string => String(results.filter(isOne).length);
  return {
    tests: String(results.length),
    failures: count(({ finding }) => finding.verdict === "fail"),
    errors: count(({ isBroken }) => isBroken),
    skipped: count(({ finding, isBroken }) => finding.verdict === "skipped" && !isBroken),
    time: "0",
  };
}

function testCase({ check, finding, isBroken }: Result): string {
  const [group = ""] = check.id.split(".");
  const head = `    <testcase${attributes({ classname: `doctor.${group}`, name: `${check.line} ${check.asks} (${check.id})`, time: "0" })}>`;
  return [head, `      ${outcome(finding, isBroken, check.severity)}`, "    </testcase>"].join("\n");
}

function outcome(finding: Result["finding"], isBroken: boolean, severity: string): string {
  if (finding.verdict === "skipped") {
    const message = attributes({ message: finding.reason });
    return isBroken ? `<error${message} type="broken"/>` : `<skipped${message}/>`;
  }
  const seen = finding.evidence.map(evidenceLine).join("\n");
  if (finding.verdict === "pass") return `<system-out>${escapeXml(seen)}</system-out>`;
  const text = `${seen}\n${remedyText(finding.remedy)}`;
  if (finding.verdict === "warn") return `<system-out>${escapeXml(`warning\n${text}`)}</system-out>`;
  return `<failure${attributes({ message: finding.remedy.text, type: severity })}>${escapeXml(text)}</failure>`;
}

function evidenceLine({ what, found, where }: Evidence): string {
  return `${what}: ${found}${where === undefined ? "" : ` (${where})`}`;
}

function remedyText({ text, commands = [] }: Remedy): string {
  return [text, ...commands].join("\n");
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(value).replaceAll("\n", "&#10;")}"`)
    .join("");
}

/** Characters that no XML 1.0 document may have (https://www.w3.org/TR/xml/#charsets) become the replacement character. */
const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
};

function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(FORBIDDEN, "\uFFFD")
    .replace(/[&<>"\r]/g, (one) => ENTITIES[one] ?? one);
}

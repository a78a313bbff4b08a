/** What `passerby import` says that it did: for people on one page, for programs as JSON. */
import type { ImportReport } from "../src/transfer/access-log.ts";
import type { BadLineCounts } from "../src/transfer/bad-lines.ts";
import type { DatasetReport } from "../src/transfer/import-dataset.ts";

/** What the report of every format has. */
export type AnyReport = DatasetReport & BadLineCounts & { readonly lines: number; readonly alreadyPresent: number };

/** Describes the import of an access log. */
export function describeAccessLog(path: string, report: ImportReport): string {
  const { skipped } = report;
  const others = skipped.asset + skipped.not_get + skipped.not_ok + skipped.no_path;
  return [
    `${path}: ${count(report.lines)} lines in ${report.format} format, ${describeTime(report)}`,
    describeEvents(report, `, ${count(report.botPageViews)} of them robots`),
    `  ${count(others)} requests that are no page view: ${count(skipped.asset)} for assets, ${count(skipped.not_ok)} not answered 200 or 304, ` +
      `${count(skipped.not_get)} not GET, ${count(skipped.no_path)} without a path`,
    ...describeBadLines(report),
  ].join("\n");
}

/** Describes any other import; `notes` are lines of the format's own. */
export function describeImport(path: string, report: AnyReport, notes: readonly string[]): string {
  return [
    `${path}: ${count(report.lines)} lines, ${describeTime(report)}`,
    describeEvents(report, ""),
    ...notes.map((note) => `  ${note}`),
    ...describeBadLines(report),
  ].join("\n");
}

/** Writes a report under the names of the wire. */
export function wireReport(report: AnyReport): Readonly<Record<string, unknown>> {
  const renamed = Object.entries(report).map(([name, value]): [string, unknown] => [snakeCase(name), value]);
  return { ok: true, ...Object.fromEntries(renamed) };
}

/** Writes a number for people. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function describeTime({ lines, seconds }: AnyReport): string {
  return `${seconds.toFixed(1)} s (${count(Math.round(lines / Math.max(seconds, 0.001)))} lines/s)`;
}

function describeEvents({ alreadyPresent, added, dataset, site, shard }: AnyReport, more: string): string {
  const where = shard === null ? "" : ` (${shard}${more})`;
  return `  ${count(alreadyPresent)} events already present, ${count(added)} added to the dataset ${dataset} of ${site}${where}`;
}

function describeBadLines({ badLines, firstBadLines }: BadLineCounts): readonly string[] {
  if (badLines === 0) return [];
  const more = badLines > firstBadLines.length ? [`    and ${count(badLines - firstBadLines.length)} more`] : [];
  const first = firstBadLines.map(({ line, reason }) => `    line ${line}: ${reason}`);
  return [`  ${count(badLines)} bad lines skipped:`, ...first, ...more];
}

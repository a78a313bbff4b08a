/** What `passerby verify` tells: as text for a person, as JSON for a program. Nothing of a visitor is in either. */

import type { RepairAction } from "../src/log/repair/repair-shard.ts";
import { count, type Damage } from "../src/log/verify/findings.ts";
import type { VerifiedLog } from "../src/log/verify/verify-log.ts";

/** Names of the numbers in the JSON report. */
export type VerifyTotals = {
  readonly files: number;
  readonly bytes: number;
  readonly lines: number;
  readonly events: number;
  readonly erased: number;
  readonly newer_version: number;
  readonly lost: number;
  readonly damage: number;
};

/** Sums up a log; `bytes` are those of the lines, not compressed. */
export function totalsOf({ files, order, damaged }: VerifiedLog): VerifyTotals {
  const scans = files.flatMap(({ forms }) => forms[0].scan ?? []);
  const sum = (of: (scan: (typeof scans)[number]) => number): number => scans.reduce((all, scan) => all + of(scan), 0);
  return {
    files: files.length,
    bytes: sum(({ facts }) => facts.bytes),
    lines: sum(({ facts }) => facts.lines),
    events: sum(({ events }) => events),
    erased: sum(({ erased }) => erased),
    newer_version: sum(({ newerVersion }) => newerVersion),
    lost: order.lost.reduce((all, { from, to }) => all + to - from + 1, 0),
    damage: damaged,
  };
}

/** Returns the report for a program. */
export function verifyJson(log: VerifiedLog, repairs: readonly RepairAction[] | undefined): string {
  const notMeasured = namesNotMeasured(log);
  const { damage, notes } = log;
  const report = { ok: log.damaged === 0, totals: totalsOf(log), damage, notes, not_measured: notMeasured };
  return JSON.stringify(repairs === undefined ? report : { ...report, repairs });
}

/** Returns the report for a person. */
export function verifyText(log: VerifiedLog, repairs: readonly RepairAction[] | undefined): string {
  const totals = totalsOf(log);
  const left = log.damaged - log.damage.length;
  return [
    ...(repairs ?? []).map(describeRepair),
    ...(repairs?.length === 0 ? ["Nothing to repair."] : []),
    ...log.damage.map(describeDamage),
    ...(left > 0 ? [`and ${left.toLocaleString("en-US")} more in the same files`] : []),
    ...log.notes.map(({ file, message }) => `note: ${printable(file)} ${message}`),
    describeTotals(totals, namesNotMeasured(log).length),
    log.damaged === 0 ? "The log is sound." : `The log is damaged: ${count(totals.damage, "damage")} found.`,
  ].join("\n");
}

function namesNotMeasured({ files }: VerifiedLog): readonly string[] {
  return files.filter(({ file, facts }) => file.kind !== "active" && !facts).map(({ forms }) => forms[0].name);
}

function describeDamage({ file, line, offset, kind, message }: Damage): string {
  const place = line === null || offset === null ? "" : ` line ${line}, byte ${offset}`;
  return `${printable(file)}${place}: ${kind}: ${message}`;
}

function describeRepair({ file, message, aside }: RepairAction): string {
  return `repair: ${file}: ${message}${aside.length > 0 ? `; moved aside to ${aside.join(", ")}` : ""}`;
}

function describeTotals(
  { files, lines, events, erased, newer_version, lost, bytes }: VerifyTotals,
  open: number,
): string {
  const rest = [
    ...(erased > 0 ? [`${erased.toLocaleString("en-US")} erased`] : []),
    ...(newer_version > 0 ? [`${newer_version.toLocaleString("en-US")} of a newer version`] : []),
    ...(lost > 0 ? [`${lost.toLocaleString("en-US")} lost with damaged lines`] : []),
    ...(open > 0 ? [`${count(open, "shard")} not measured yet`] : []),
  ];
  const megabytes = (bytes / 1e6).toLocaleString("en-US", { maximumFractionDigits: 1 });
  return [`${count(files, "file")}, ${megabytes} MB, ${count(lines, "line")}: ${count(events, "event")}`, ...rest].join(
    ", ",
  );
}

/** A name in the folder may be anybody's: what would move the cursor is written as an escape. */
function printable(name: string): string {
  return /^[\x20-\x7e]*$/.test(name) ? name : JSON.stringify(name).replaceAll(/[\x7f-\x9f]/g, "?");
}

/** The ledger as a table for a terminal: a line a row, a column a reason that occurs, numbers to the right. */
import type { LedgerReport, LedgerStep, ReportedCounts } from "../src/collector/ledger/ledger-report.ts";

type Column = { readonly head: string; readonly of: (counts: ReportedCounts) => string };

/** Returns the table, with its totals where there is more than one row. */
export function formatLedger({ rows, totals }: LedgerReport, by: LedgerStep): string {
  const columns = listColumns(totals);
  const hasTime = by !== "total";
  const heads = [...(hasTime ? [by] : []), "site", ...columns.map(({ head }) => head)];
  const lines = rows.map((row) => [
    ...(hasTime ? [timeText(row.from, by)] : []),
    row.site,
    ...columns.map((column) => column.of(row)),
  ]);
  if (rows.length > 1) {
    lines.push([...(hasTime ? ["total"] : []), hasTime ? "" : "total", ...columns.map((column) => column.of(totals))]);
  }
  const textColumns = hasTime ? 2 : 1;
  const widths = heads.map((head, index) => Math.max(head.length, ...lines.map((line) => line[index]?.length ?? 0)));
  const format = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => (index < textColumns ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join("  ")
      .trimEnd();
  return [heads, ...lines].map(format).join("\n");
}

function listColumns(totals: ReportedCounts): readonly Column[] {
  const columns: Column[] = [
    { head: "received", of: ({ received }) => numberText(received) },
    { head: "stored", of: ({ stored }) => numberText(stored) },
  ];
  for (const reason of Object.keys(totals.dropped)) {
    columns.push({ head: reason, of: ({ dropped }) => numberText(dropped[reason] ?? 0) });
  }
  for (const reason of Object.keys(totals.refused)) {
    columns.push({ head: reason, of: ({ refused }) => numberText(refused[reason] ?? 0) });
  }
  if (totals.in_flight > 0) columns.push({ head: "in flight", of: (counts) => numberText(counts.in_flight) });
  columns.push({ head: "client lost", of: (counts) => numberText(counts.client_lost) });
  columns.push({ head: "uncertain", of: ({ uncertain }) => (uncertain ? "yes" : "no") });
  return columns;
}

function numberText(value: number): string {
  return value.toLocaleString("en");
}

function timeText(time: string, by: LedgerStep): string {
  return by === "day" ? time.slice(0, 10) : time.slice(0, 16).replace("T", " ");
}

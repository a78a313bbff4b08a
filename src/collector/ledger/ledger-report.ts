/** Sums the ledger up for a reader: rows by time and site, totals, and warnings, in the names of the wire. */
import { utcDay } from "../../clock.ts";
import { accountedFor, addCounts, type Counts, type LedgerRow, MINUTE_MS, noCounts } from "./counts.ts";
import type { LedgerView, TimeRange } from "./read-ledger.ts";

/** The lengths of time that rows may stand for. */
export const LEDGER_STEPS = ["minute", "hour", "day", "total"] as const;
export type LedgerStep = (typeof LEDGER_STEPS)[number];

/** Share of events refused for their rate above which visitors of the site are probably among them. */
const MAX_RATE_LIMITED_SHARE = 0.005;
/** Minutes named in a warning at the most. */
const MAX_NAMED = 5;

export type LedgerQuestion = TimeRange & {
  readonly by: LedgerStep;
  /** The one site asked for; null for all. */
  readonly site: string | null;
};

export type ReportedCounts = {
  readonly received: number;
  readonly stored: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly client_lost: number;
  readonly in_flight: number;
  readonly uncertain: boolean;
};

export type LedgerReport = {
  /** `from` is the start of the minute, hour, day or range. */
  readonly rows: readonly (ReportedCounts & { readonly from: string; readonly site: string })[];
  readonly totals: ReportedCounts;
  /** True when received = stored + dropped + refused + in_flight in every minute of every site. */
  readonly balanced: boolean;
  /** Rows of minutes before this change no more; null when none does. */
  readonly final_before: string | null;
  readonly warnings: readonly string[];
};

type Sum = Counts & { inFlight: number; uncertain: boolean };

/** Makes the report that a question asks for. */
export function reportLedger(view: LedgerView, question: LedgerQuestion): LedgerReport {
  const rows = view.rows.filter((row) => question.site === null || row.site === question.site);
  const sums = new Map<string, { readonly from: string; readonly site: string; readonly sum: Sum }>();
  const totals = noSum();
  for (const row of rows) {
    const from = stepStart(row.minuteMs, question);
    const key = `${from} ${row.site}`;
    const known = sums.get(key) ?? { from, site: row.site, sum: noSum() };
    addRow(known.sum, row);
    addRow(totals, row);
    sums.set(key, known);
  }
  const broken = rows.filter((row) => row.received !== accountedFor(row) + row.inFlight);
  return {
    rows: [...sums.values()].map(({ from, site, sum }) => ({ from, site, ...toReported(sum) })),
    totals: toReported(totals),
    balanced: broken.length === 0,
    final_before: Number.isFinite(view.finalBeforeMs) ? new Date(view.finalBeforeMs).toISOString() : null,
    warnings: [...describeBroken(broken), ...describeLimited(rows), ...describeUncertain(rows)],
  };
}

function noSum(): Sum {
  return { ...noCounts(), inFlight: 0, uncertain: false };
}

function addRow(sum: Sum, row: LedgerRow): void {
  addCounts(sum, row);
  sum.inFlight += row.inFlight;
  sum.uncertain ||= row.uncertain;
}

function toReported({ received, stored, dropped, refused, clientLost, inFlight, uncertain }: Sum): ReportedCounts {
  return { received, stored, dropped, refused, client_lost: clientLost, in_flight: inFlight, uncertain };
}

function stepStart(minuteMs: number, { by, fromMs }: LedgerQuestion): string {
  const stepMs = { minute: MINUTE_MS, hour: 3_600_000, day: 86_400_000 };
  return new Date(by === "total" ? fromMs : minuteMs - (minuteMs % stepMs[by])).toISOString();
}

function describeBroken(broken: readonly LedgerRow[]): readonly string[] {
  const named = broken.slice(0, MAX_NAMED).map((row) => {
    const difference = row.received - accountedFor(row) - row.inFlight;
    const what = difference > 0 ? `${difference} events have no end` : `${-difference} events more than were received`;
    return `${row.site} at ${minuteText(row.minuteMs)}: ${what}; this is a fault of Passerby, please report it`;
  });
  const more = broken.length - named.length;
  return more > 0 ? [...named, `and ${more} more minutes that do not add up`] : named;
}

function describeLimited(rows: readonly LedgerRow[]): readonly string[] {
  const bySite = Map.groupBy(rows, ({ site }) => site);
  return [...bySite].flatMap(([site, own]) => {
    const limited = own.reduce((sum, row) => sum + (row.refused["rate_limited"] ?? 0), 0);
    const share = limited / own.reduce((sum, row) => sum + row.received, 0);
    if (!(share > MAX_RATE_LIMITED_SHARE)) return [];
    const percent = (share * 100).toFixed(1);
    return `${site}: ${percent} % of what came was refused for its rate (more than 0.5 %): if they were real visitors, raise METRICS_RATE_LIMIT or name your proxy in TRUSTED_PROXIES`;
  });
}

function describeUncertain(rows: readonly LedgerRow[]): readonly string[] {
  const minutes = [...new Set(rows.filter((row) => row.uncertain).map(({ minuteMs }) => minuteMs))];
  if (minutes.length === 0) return [];
  const named = minutes.slice(0, MAX_NAMED).map(minuteText).join(", ");
  const more = minutes.length > MAX_NAMED ? ` and ${minutes.length - MAX_NAMED} more` : "";
  return [`a run ended without closing the ledger: all counts but stored may be too low at ${named}${more} (UTC)`];
}

function minuteText(minuteMs: number): string {
  return `${utcDay(minuteMs)} ${new Date(minuteMs).toISOString().slice(11, 16)}`;
}

/** The ledger as a person reads it: one line that sums it up, and a row for each thing that became of events. */
import type { LedgerTotals, SiteLedger } from "../api-client.ts";
import { explainReason } from "./reasons.ts";

/** Origins named at the most: anybody can send from as many as they like. */
const MAX_NAMED = 10;

/** One thing that became of events, and of how many. */
export type Outcome = {
  readonly name: string;
  /** Name of the reason in the contract; null where there is none. */
  readonly reason: string | null;
  /** Empty where the name says it all. */
  readonly meaning: string;
  readonly count: number;
};

/** Sums up: `1,204 received, all stored`, `15 received: 2 stored, 12 dropped, 1 refused`. */
export function sumUpLedger({ own, unknown }: SiteLedger): string {
  const { received, stored, dropped, refused, in_flight: inFlight, client_lost: lost } = own.totals;
  const parts = [
    `${formatCount(stored)} stored`,
    ...countIf(sumOf(dropped), "dropped"),
    ...countIf(sumOf(refused), "refused"),
    ...countIf(inFlight, "not answered yet"),
  ];
  const isAllStored = stored === received && parts.length === 1;
  const sum = `${formatCount(received)} received${isAllStored ? ", all stored" : `: ${parts.join(", ")}`}`;
  return [
    received === 0 && isAllStored ? "Nothing arrived in this range" : sum,
    ...countIf(lost, "lost by clients"),
    ...countIf(unknown?.totals.received ?? 0, "of no known site"),
  ].join(" · ");
}

/** Says whether there is anything that the line leaves open. */
export function hasMoreToTell({ own, unknown }: SiteLedger): boolean {
  const { received, stored, in_flight: inFlight, client_lost: lost } = own.totals;
  return !own.balanced || stored + inFlight !== received || lost > 0 || (unknown?.totals.received ?? 0) > 0;
}

/** Says whether events of the site met an end that somebody should look at: refused, or none at all. */
export function asksForAttention({ own, unknown }: SiteLedger): boolean {
  return sumOf(own.totals.refused) > 0 || !own.balanced || unknown?.balanced === false;
}

/** Lists what became of events, each row with a count above 0; what was received comes first. */
export function listOutcomes(totals: LedgerTotals): readonly Outcome[] {
  const byReason = (name: string, counts: Readonly<Record<string, number>>): readonly Outcome[] =>
    Object.entries(counts)
      .toSorted(([, one], [, other]) => other - one)
      .map(([reason, count]) => ({ name, reason, meaning: explainReason(reason), count }));
  const plain = (name: string, count: number, meaning: string): Outcome => ({ name, reason: null, meaning, count });
  const rows = [
    plain("Received", totals.received, ""),
    plain("Stored", totals.stored, ""),
    ...byReason("Dropped", totals.dropped),
    ...byReason("Refused", totals.refused),
    plain("Not answered yet", totals.in_flight, "Their requests are still being worked on."),
    plain(
      "Lost by clients",
      totals.client_lost,
      "Given up before they could be sent, such as after a long time without a network. No part of what was received.",
    ),
  ];
  return rows.filter(({ count }) => count > 0);
}

/** Lists the warnings of both reports, each once: a crash is noted in both. */
export function listLedgerWarnings({ own, unknown }: SiteLedger): readonly string[] {
  return [...new Set([...own.warnings, ...(unknown?.warnings ?? [])])];
}

/** Names the origins that were refused, the first of many; empty where there are none. */
export function nameOrigins(origins: readonly string[]): string {
  if (origins.length === 0) return "";
  const more = origins.length - MAX_NAMED;
  const named = origins.slice(0, MAX_NAMED).join(", ");
  return `Origins refused since the server started: ${named}${more > 0 ? ` and ${formatCount(more)} more` : ""}.`;
}

/** Formats a number of events: `1,204`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en");
}

function countIf(count: number, what: string): readonly string[] {
  return count > 0 ? [`${formatCount(count)} ${what}`] : [];
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

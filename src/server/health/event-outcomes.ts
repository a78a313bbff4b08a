/** What became of events, over all sites: the seam between whoever counts them and whoever reports the counts. */
import type { Ledger } from "../../collector/ledger/open-ledger.ts";
import { DROP_REASONS, REFUSAL_REASONS } from "../../event.ts";

/**
 * How many events came, met one end, or were given up by clients, since the start; `reason` is of the closed lists,
 * `none` for what was not dropped or refused.
 */
export type EventOutcome = {
  readonly outcome: "received" | "stored" | "dropped" | "refused" | "client_lost";
  readonly reason: string;
  readonly count: number;
};

/** Reads the counts as they are now; every reason is there, also with 0, so that a first increase is seen as one. */
export type ReadOutcomes = () => readonly EventOutcome[];

const OUTCOMES: readonly Omit<EventOutcome, "count">[] = [
  { outcome: "received", reason: "none" },
  { outcome: "stored", reason: "none" },
  ...DROP_REASONS.map((reason) => ({ outcome: "dropped", reason }) as const),
  ...REFUSAL_REASONS.map((reason) => ({ outcome: "refused", reason }) as const),
  { outcome: "client_lost", reason: "none" },
];

/** Reads a ledger, over all sites. */
export function outcomesOfLedger(ledger: Pick<Ledger, "totals">): ReadOutcomes {
  return () => {
    const sums = new Map<string, number>();
    for (const { outcome, reason, count } of ledger.totals()) {
      const key = `${outcome} ${reason ?? "none"}`;
      sums.set(key, (sums.get(key) ?? 0) + count);
    }
    return OUTCOMES.map(({ outcome, reason }) => ({ outcome, reason, count: sums.get(`${outcome} ${reason}`) ?? 0 }));
  };
}

/** What became of events, over all sites: the seam between whoever counts them and whoever reports the counts. */
import type { Tally } from "../../collector/tally.ts";
import { DROP_REASONS, REFUSAL_REASONS } from "../../event.ts";

/** How many events met one end since the start; `reason` is of the closed lists, `none` for what was stored. */
export type EventOutcome = {
  readonly outcome: "stored" | "dropped" | "refused";
  readonly reason: string;
  readonly count: number;
};

/** Reads the counts as they are now; every reason is there, also with 0, so that a first increase is seen as one. */
export type ReadOutcomes = () => readonly EventOutcome[];

/** Reads a tally over the configured sites. */
export function outcomesOfTally(tally: Tally, sites: readonly { readonly name: string }[]): ReadOutcomes {
  return () => {
    const arrivals = sites.map(({ name }) => tally.arrivals(name));
    const stored = arrivals.reduce((sum, site) => sum + site.stored, 0);
    return [
      { outcome: "stored", reason: "none", count: stored },
      ...DROP_REASONS.map((reason): EventOutcome => {
        const count = arrivals.reduce((sum, { dropped }) => sum + (dropped[reason] ?? 0), 0);
        return { outcome: "dropped", reason, count };
      }),
      // No site can be told from a refusal, so the tally counts it for each of them.
      ...REFUSAL_REASONS.map((reason): EventOutcome => {
        return { outcome: "refused", reason, count: arrivals[0]?.refused[reason] ?? 0 };
      }),
    ];
  };
}

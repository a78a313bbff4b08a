/** What has arrived since the start, by site, with the refused origins by name: what an owner who waits for events is shown. */
import { addCounts, addReason, type Counts, noCounts, UNKNOWN_SITE } from "./counts.ts";

/** Origins remembered by name; past it they count without one, so that a flood cannot fill memory. */
const MAX_ORIGINS = 50;

export type Note = {
  readonly count: number;
  readonly kind: "dropped" | "refused";
  readonly reason: string;
  /** What it happened to, where that helps: the origin that was refused. */
  readonly subject: string | null;
};

/** What arrived for a site; what no site can be told of counts for every site. In the names of the wire. */
export type Arrivals = {
  readonly received: number;
  readonly stored: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly notes: readonly Note[];
  /** Events that clients had to give up before they could be sent. */
  readonly client_lost: number;
};

/** One figure since the start; `outcome` is that of a row of the ledger, `reason` null where it has none. */
export type LedgerTotal = {
  readonly site: string;
  readonly outcome: "received" | "stored" | "dropped" | "refused" | "client_lost";
  readonly reason: string | null;
  readonly count: number;
};

type RefusedOrigin = { readonly site: string; readonly origin: string; count: number };

export class SinceStart {
  private readonly bySite = new Map<string, Counts>();
  private readonly origins = new Map<string, RefusedOrigin>();

  /** Returns the counts of a site, for adding to. */
  of(site: string): Counts {
    const known = this.bySite.get(site);
    if (known) return known;
    const counts = noCounts();
    this.bySite.set(site, counts);
    return counts;
  }

  /** Notes by name which origin was refused. */
  noteOrigin(site: string, origin: string, count: number): void {
    const key = `${site}\n${origin}`;
    const known = this.origins.get(key);
    if (known) known.count += count;
    else if (this.origins.size < MAX_ORIGINS) this.origins.set(key, { site, origin, count });
  }

  arrivals(site: string): Arrivals {
    const sites = [...new Set([site, UNKNOWN_SITE])];
    const sum = noCounts();
    for (const name of sites) {
      const counts = this.bySite.get(name);
      if (counts) addCounts(sum, counts);
    }
    const { received, stored, dropped, refused, clientLost } = sum;
    const named = [...this.origins.values()].filter((origin) => sites.includes(origin.site));
    return { received, stored, dropped, refused, notes: listNotes(sum, named), client_lost: clientLost };
  }

  totals(): readonly LedgerTotal[] {
    return [...this.bySite].flatMap(([site, counts]) => {
      const plain = [
        { site, outcome: "received" as const, reason: null, count: counts.received },
        { site, outcome: "stored" as const, reason: null, count: counts.stored },
        { site, outcome: "client_lost" as const, reason: null, count: counts.clientLost },
      ];
      const dropped = Object.entries(counts.dropped).map(([reason, count]) => ({
        site,
        outcome: "dropped" as const,
        reason,
        count,
      }));
      const refused = Object.entries(counts.refused).map(([reason, count]) => ({
        site,
        outcome: "refused" as const,
        reason,
        count,
      }));
      return [...plain, ...dropped, ...refused];
    });
  }
}

function listNotes(counts: Counts, named: readonly RefusedOrigin[]): readonly Note[] {
  const notes: Note[] = [];
  for (const [reason, count] of Object.entries(counts.dropped)) {
    notes.push({ count, kind: "dropped", reason, subject: null });
  }
  const nameless = { ...counts.refused };
  for (const { origin, count } of named) {
    notes.push({ count, kind: "refused", reason: "origin_not_allowed", subject: origin });
    addReason(nameless, "origin_not_allowed", -count);
  }
  for (const [reason, count] of Object.entries(nameless)) {
    if (count > 0) notes.push({ count, kind: "refused", reason, subject: null });
  }
  return notes;
}

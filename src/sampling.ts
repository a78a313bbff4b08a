/**
 * Sampling by visitor: the hash that decides who is kept, and with which probability. It runs in the browser and in
 * the collector and must give the same answer in both, for ever: changing a constant here changes who is sampled.
 *
 * u(id) is a 64-bit FNV-1a over the UTF-8 bytes, finished with the MurmurHash3 64-bit mixer, because FNV alone leaves
 * the high bits of similar ids alike. Sources: draft-eastlake-fnv-21 section 2; MurmurHash3 fmix64 (public domain).
 */

const MASK = 0xffff_ffff_ffff_ffffn;
const FNV_PRIME = 0x0000_0100_0000_01b3n;

/** Seeds of the two independent draws; being different, the probability that both keep a visitor is the product. */
export const CLIENT_SEED = 0xcbf2_9ce4_8422_2325n;
export const SERVER_SEED = 0x9e37_79b9_7f4a_7c15n;

/** Returns the unsigned 64-bit hash of an id under a seed. */
export function hashVisitor(visitorId: string, seed: bigint): bigint {
  let hash = seed;
  for (const byte of new TextEncoder().encode(visitorId)) {
    hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & MASK;
  }
  hash = ((hash ^ (hash >> 33n)) * 0xff51_afd7_ed55_8ccdn) & MASK;
  hash = ((hash ^ (hash >> 33n)) * 0xc4ce_b9fe_1a85_ec53n) & MASK;
  return hash ^ (hash >> 33n);
}

/** Returns u in [0, 1): the visitor's place on the line that a rate cuts. 53 bits, exact in a double. */
export function unitInterval(visitorId: string, seed: bigint): number {
  return Number(hashVisitor(visitorId, seed) >> 11n) / 2 ** 53;
}

/** Returns the first 16 bits of the client-seed hash (0 to 65,535): all that a browser in mode `daily` is told. */
export function clientBucket(visitorId: string): number {
  return Number(hashVisitor(visitorId, CLIENT_SEED) >> 48n);
}

/** Says whether a rate keeps a 16-bit bucket. A rate above 0 always keeps bucket 0, so the share is never nothing. */
export function keepsBucket(bucket: number, rate: number): boolean {
  return bucket < bucketLimit(rate);
}

/** Returns the exact share of buckets that a rate keeps: what an event must report as its `sample_rate`. */
export function bucketShare(rate: number): number {
  return bucketLimit(rate) / BUCKETS;
}

/** How many buckets there are, of which a browser in mode `daily` is told one. */
export const BUCKETS = 65_536;

/** Returns the first bucket that a rate does not keep, 0 to 65,536; NaN for what is no number, which keeps none. */
export function bucketLimit(rate: number): number {
  return Math.min(BUCKETS, Math.ceil(rate * BUCKETS));
}

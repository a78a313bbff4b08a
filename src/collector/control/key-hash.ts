/**
 * Keys under which clients are counted: 53 bits of a text under a random seed, so that no table holds an address.
 *
 * The mix is fast and not cryptographic, and need not be: there are 2^32 IPv4 addresses, so whoever knows the seed can
 * invert any hash of one. What protects them is that the seed is made at start and never leaves memory. A collision,
 * found or forced, only makes clients share one budget.
 * Source: two lanes of multiply-and-xor, finished with the mixer of MurmurHash3 (fmix32, public domain).
 */
import type { Clock } from "../../clock.ts";

/** Two random 32-bit numbers. */
export type HashSeed = readonly [number, number];

const WORD = 2 ** 32;

/** Draws a seed. */
export function makeHashSeed(clock: Clock): HashSeed {
  const bytes = Buffer.from(clock.randomBytes(8));
  return [bytes.readUInt32LE(0), bytes.readUInt32LE(4)];
}

/** Returns the 53-bit key of a text under a seed, exact in a double. */
export function hashText(text: string, seed: HashSeed): number {
  return mix(text, seed[0], seed[1]);
}

/** Returns the key of a text that belongs to another key: the same text under two of them has two keys. */
export function hashBelow(key: number, text: string, seed: HashSeed): number {
  return mix(text, seed[0] ^ key, seed[1] ^ (key / WORD));
}

function mix(text: string, firstSeed: number, secondSeed: number): number {
  let first = firstSeed | 0;
  let second = secondSeed | 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    first = Math.imul(first ^ unit, 0x9e37_79b1);
    second = Math.imul(second ^ unit, 0x5f35_6495);
  }
  const low = finish(first ^ (second >>> 15));
  const high = finish(second ^ (low >>> 13));
  return (high & 0x1f_ffff) * WORD + low;
}

function finish(lane: number): number {
  let hash = lane;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * The newest event ids, a fixed number of them, in 16 bytes each: says whether an id was seen, adds one, forgets the
 * oldest. Ids are kept whole (128 bits), so that no event is ever taken for another one.
 *
 * A ring holds the ids in the order in which they came; an open-addressing table with linear probing (Knuth, TAOCP 3,
 * section 6.4, algorithms L and R) finds them. Its hash has a random seed: ids are chosen by clients.
 */

const WORDS = 4;
/** Hex digits by character code; 255 for what is none. */
const HEX: Uint8Array = makeHexTable();
/** Places of the hyphens of a UUID (RFC 9562, section 4). */
const HYPHENS: ReadonlySet<number> = new Set([8, 13, 18, 23]);
const DIGIT_PLACES: readonly number[] = Array.from({ length: 36 }, (_, place) => place).filter(
  (place) => !HYPHENS.has(place),
);

export class IdWindow {
  readonly capacity: number;
  private readonly ring: Uint32Array;
  /** Place in the ring plus 1; 0 for a free slot. */
  private readonly slots: Uint32Array;
  private readonly mask: number;
  private readonly seed: number;
  private readonly scratch = new Uint32Array(WORDS);
  private next = 0;
  private count = 0;

  /** `capacity` ids; about 24 bytes each, of which untouched pages cost no memory. `seed` is any 32-bit number. */
  constructor(capacity: number, seed: number) {
    this.capacity = capacity;
    this.ring = new Uint32Array(capacity * WORDS);
    const slotCount = 2 ** Math.ceil(Math.log2(capacity * 1.5));
    this.slots = new Uint32Array(slotCount);
    this.mask = slotCount - 1;
    this.seed = seed;
  }

  get size(): number {
    return this.count;
  }

  /** Says whether an id (a UUID of any version, in any case) is among the newest. */
  has(id: string): boolean {
    readWords(id, this.scratch);
    return this.findScratch() >= 0;
  }

  /** Adds an id as the newest; the oldest makes room. One that is there already keeps its place; returns false then. */
  add(id: string): boolean {
    readWords(id, this.scratch);
    if (this.findScratch() >= 0) return false;
    if (this.count === this.capacity) this.dropOldest(1);
    this.ring.set(this.scratch, this.next * WORDS);
    this.insert(this.next);
    this.next = (this.next + 1) % this.capacity;
    this.count += 1;
    return true;
  }

  /** Puts 16 other bytes, random ones, in the place of an id, so that all others keep theirs. False where it is not there. */
  replace(id: string, bytes: Uint8Array): boolean {
    readWords(id, this.scratch);
    const slot = this.findScratch();
    if (slot < 0) return false;
    const place = (this.slots[slot] ?? 0) - 1;
    this.remove(place);
    const view = new DataView(bytes.buffer, bytes.byteOffset, WORDS * 4);
    for (let word = 0; word < WORDS; word++) this.ring[place * WORDS + word] = view.getUint32(word * 4);
    this.insert(place);
    return true;
  }

  /** Forgets the oldest ids. */
  dropOldest(count: number): void {
    for (let left = Math.min(count, this.count); left > 0; left--) {
      this.remove(this.oldest());
      this.count -= 1;
    }
  }

  /** Copies ids as bytes, 16 each, oldest first: `count` of them from the `from`th oldest on. */
  copyBytes(from: number, count: number): Uint8Array {
    const bytes = new Uint8Array(count * WORDS * 4);
    const view = new DataView(bytes.buffer);
    for (let index = 0; index < count; index++) {
      const place = (this.oldest() + from + index) % this.capacity;
      for (let word = 0; word < WORDS; word++) {
        view.setUint32((index * WORDS + word) * 4, this.ring[place * WORDS + word] ?? 0);
      }
    }
    return bytes;
  }

  private oldest(): number {
    return (this.next - this.count + this.capacity) % this.capacity;
  }

  private findScratch(): number {
    const { slots, mask, ring, scratch } = this;
    for (let slot = this.hash(scratch, 0); ; slot = (slot + 1) & mask) {
      const place = (slots[slot] ?? 0) - 1;
      if (place < 0) return -1;
      const at = place * WORDS;
      if (
        ring[at] === scratch[0] &&
        ring[at + 1] === scratch[1] &&
        ring[at + 2] === scratch[2] &&
        ring[at + 3] === scratch[3]
      ) {
        return slot;
      }
    }
  }

  private insert(place: number): void {
    let slot = this.hash(this.ring, place * WORDS);
    while (this.slots[slot] !== 0) slot = (slot + 1) & this.mask;
    this.slots[slot] = place + 1;
  }

  /** Closes the gap that a removed id leaves, so that probing never meets a hole (algorithm R). */
  private remove(place: number): void {
    const { slots, mask, ring } = this;
    let hole = this.hash(ring, place * WORDS);
    while (slots[hole] !== place + 1) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.hash(ring, ((slots[slot] ?? 0) - 1) * WORDS);
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot] ?? 0;
      hole = slot;
    }
    slots[hole] = 0;
  }

  private hash(words: Uint32Array, at: number): number {
    let hash = this.seed;
    for (let word = 0; word < WORDS; word++) {
      // MurmurHash3 x86_32 rounds (Austin Appleby, public domain).
      let mixed = Math.imul(words[at + word] ?? 0, 0xcc9e_2d51);
      mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b87_3593);
      hash ^= mixed;
      hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe654_6b64) | 0;
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
    return ((hash ^ (hash >>> 16)) >>> 0) & this.mask;
  }
}

/** Returns which of `owners` an id belongs to, 0 to owners − 1; every process gives the same answer. */
export function ownerOf(id: string, owners: number): number {
  if (owners === 1) return 0;
  const words = readWords(id, new Uint32Array(WORDS));
  const mixed = words.reduce((hash, word) => Math.imul(hash ^ word, 0x0100_0193), 0x811c_9dc5 | 0);
  return ((mixed ^ (mixed >>> 15)) >>> 0) % owners;
}

/** Writes 16 bytes as a UUID in lower case. */
export function formatId(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function readWords(id: string, words: Uint32Array): Uint32Array {
  for (let word = 0, digit = 0; word < WORDS; word++) {
    let value = 0;
    for (let count = 0; count < 8; count++, digit++) value = (value << 4) | hexDigit(id, digit);
    words[word] = value;
  }
  return words;
}

function hexDigit(id: string, digit: number): number {
  const value = HEX[id.charCodeAt(DIGIT_PLACES[digit] ?? 0)] ?? 255;
  if (value > 15) throw new TypeError("not a UUID");
  return value;
}

function makeHexTable(): Uint8Array {
  const table = new Uint8Array(128).fill(255);
  for (const [value, digit] of [..."0123456789abcdef"].entries()) {
    table[digit.charCodeAt(0)] = value;
    table[digit.toUpperCase().charCodeAt(0)] = value;
  }
  return table;
}

import { describe, expect, it } from "vitest";
import { systemClock } from "../../clock.ts";
import { hashBelow, hashText, makeHashSeed } from "./key-hash.ts";

describe("the key of a text", () => {
  it("is a whole number of 53 bits that is the same for the same seed and another for another", () => {
    const [seed, other] = [makeHashSeed(systemClock), makeHashSeed(systemClock)];
    const key = hashText("192.0.2.7", seed);
    expect(Number.isSafeInteger(key) && key >= 0).toBe(true);
    expect(hashText("192.0.2.7", seed)).toBe(key);
    expect(hashText("192.0.2.7", other)).not.toBe(key);
    expect(hashBelow(key, "Browser/1", seed)).not.toBe(hashBelow(key + 1, "Browser/1", seed));
  });

  it("is its own for each of 300,000 addresses that are alike", () => {
    const seed = makeHashSeed(systemClock);
    const keys = new Set<number>();
    for (let index = 0; index < 300_000; index++) {
      keys.add(hashText(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, seed));
    }
    // Of 2^53 keys, 300,000 drawn at random meet with probability 0.000005.
    expect(keys.size).toBe(300_000);
  });

  it("moves about half of its bits when one bit of the text is another", () => {
    const seed = makeHashSeed(systemClock);
    let moved = 0;
    for (let index = 0; index < 2_000; index++) {
      const [a, b] = [hashText(`192.0.${index}.2`, seed), hashText(`192.0.${index}.3`, seed)];
      moved += (BigInt(a) ^ BigInt(b)).toString(2).replaceAll("0", "").length;
    }
    expect(moved / 2_000).toBeGreaterThan(24);
    expect(moved / 2_000).toBeLessThan(29);
  });
});

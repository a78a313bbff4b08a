import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLong } from "../../../test/means.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { createArrivalTable } from "./arrival-table.ts";
import { makeHashSeed } from "./key-hash.ts";
import { createAddressLimiter, createRateLimiter, type RateLimiter } from "./rate-limit.ts";

const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";

/** A clock that stands still until it is moved. */
function stoppedClock(): Clock & { readonly move: (ms: number) => void } {
  let nowMs = 1_000;
  return { ...systemClock, monotonicMs: () => nowMs, move: (ms) => (nowMs += ms) };
}

function takeMany(limiter: RateLimiter, count: number, address: string, userAgent = BROWSER): number {
  let allowed = 0;
  for (let index = 0; index < count; index++) if (limiter.take(address, userAgent) === 0) allowed += 1;
  return allowed;
}

/** The obvious token bucket, in whole numbers: a token is as many points as it takes milliseconds to refill. */
class Bucket {
  private readonly capacity: number;
  private readonly cost: number;
  private level: number;
  private filledAt: number;

  constructor(cost: number, burst: number, nowMs: number) {
    this.cost = cost;
    this.capacity = cost * burst;
    this.level = this.capacity;
    this.filledAt = nowMs;
  }

  missing(nowMs: number): number {
    this.level = Math.min(this.capacity, this.level + nowMs - this.filledAt);
    this.filledAt = nowMs;
    return Math.max(0, this.cost - this.level);
  }

  take(): void {
    this.level -= this.cost;
  }
}

class NaiveLimiter {
  private readonly buckets = new Map<string, Bucket>();
  private readonly cost: number;
  private readonly burst: number;

  constructor(ratePerSecond: number, burst: number) {
    this.cost = 1000 / ratePerSecond;
    this.burst = burst;
  }

  take(address: string, userAgent: string, nowMs: number): number {
    const client = this.bucket(`${address} ${userAgent}`, this.cost, this.burst, nowMs);
    const alone = this.bucket(address, this.cost / 10, this.burst * 10, nowMs);
    const missing = Math.max(client.missing(nowMs), alone.missing(nowMs));
    if (missing > 0) return Math.ceil(missing / 1000);
    client.take();
    alone.take();
    return 0;
  }

  private bucket(key: string, cost: number, burst: number, nowMs: number): Bucket {
    const bucket = this.buckets.get(key) ?? new Bucket(cost, burst, nowMs);
    this.buckets.set(key, bucket);
    return bucket;
  }
}

describe("the rate limit", () => {
  it("lets a burst through, then the rate, and says when to come again", () => {
    const clock = stoppedClock();
    const limiter = createRateLimiter({ ratePerSecond: 5, burst: 10, clock });
    expect(takeMany(limiter, 12, "192.0.2.7")).toBe(10);
    clock.move(199);
    expect(limiter.take("192.0.2.7", BROWSER)).toBe(1);
    clock.move(1);
    expect(limiter.take("192.0.2.7", BROWSER)).toBe(0);
    expect(limiter.take("192.0.2.7", BROWSER)).toBe(1);
    clock.move(60_000);
    expect(takeMany(limiter, 100, "192.0.2.7")).toBe(10);
    const slow = createRateLimiter({ ratePerSecond: 0.1, burst: 1, clock });
    expect([slow.take("192.0.2.7", ""), slow.take("192.0.2.7", "")]).toEqual([0, 10]);
  });

  it("is off at 0", () => {
    const limiter = createRateLimiter({ ratePerSecond: 0, burst: 1, clock: stoppedClock() });
    expect(takeMany(limiter, 1_000, "192.0.2.7")).toBe(1_000);
  });

  it("gives an address ten clients' worth, whatever user agents it names", () => {
    const limiter = createRateLimiter({ ratePerSecond: 5, burst: 10, clock: stoppedClock() });
    let allowed = 0;
    for (let index = 0; index < 500; index++) allowed += takeMany(limiter, 1, "192.0.2.7", `Made up/${index}`);
    expect(allowed).toBe(100);
    expect(takeMany(limiter, 20, "192.0.2.8")).toBe(10);
  });

  it("counts a /64 of IPv6 as one address, and IPv4 inside IPv6 as IPv4", () => {
    const limiter = createRateLimiter({ ratePerSecond: 5, burst: 10, clock: stoppedClock() });
    let allowed = 0;
    for (let host = 1; host <= 200; host++) allowed += takeMany(limiter, 1, `2001:db8::${host.toString(16)}`);
    expect(allowed).toBe(10);
    expect(takeMany(limiter, 20, "2001:db8:0:1::1")).toBe(10);
    expect([takeMany(limiter, 6, "192.0.2.7"), takeMany(limiter, 6, "::ffff:192.0.2.7")]).toEqual([6, 4]);
  });

  it("lets a request that one limit refuses use up nothing of the other", () => {
    const limiter = createRateLimiter({ ratePerSecond: 5, burst: 10, clock: stoppedClock() });
    expect(takeMany(limiter, 5_000, "192.0.2.7", "Loud/1")).toBe(10);
    let allowed = 10;
    for (let index = 0; index < 20; index++) allowed += takeMany(limiter, 10, "192.0.2.7", `Quiet/${index}`);
    expect(allowed).toBe(100);
  });

  it("decides as a token bucket does, on any sequence of requests", () => {
    const step = fc.record({
      afterMs: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 20_000 })),
      address: fc.constantFrom("192.0.2.1", "192.0.2.2", "2001:db8:0:0:9::1"),
      userAgent: fc.constantFrom("A/1", "B/2", "C/3"),
      requests: fc.integer({ min: 1, max: 30 }),
    });
    const limit = fc.record({
      ratePerSecond: fc.constantFrom(1, 2, 4, 5, 10, 20, 50, 100),
      burst: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(limit, fc.array(step, { maxLength: 60 }), ({ ratePerSecond, burst }, steps) => {
        const clock = stoppedClock();
        const limiter = createRateLimiter({ ratePerSecond, burst, clock });
        const naive = new NaiveLimiter(ratePerSecond, burst);
        for (const { afterMs, address, userAgent, requests } of steps) {
          clock.move(afterMs);
          for (let index = 0; index < requests; index++) {
            expect(limiter.take(address, userAgent)).toBe(naive.take(address, userAgent, clock.monotonicMs()));
          }
        }
      }),
      { numRuns: isLong ? 3_000 : 300 },
    );
  });
});

describe("a flood of a million addresses", () => {
  it("neither grows the tables past their bound nor frees a heavy client", () => {
    const clock = stoppedClock();
    const table = createArrivalTable({ ratePerSecond: 5, burst: 10, maxKeys: 10_000 });
    const limiter = createRateLimiter({ ratePerSecond: 5, burst: 10, clock });
    const heavy = 1;
    let [largest, heavyAllowed, limiterAllowed] = [0, 0, 0];
    for (let index = 0; index < 1_000_000; index++) {
      const nowMs = clock.monotonicMs();
      const key = 2 + index;
      if (table.waitMs(key, nowMs) === 0) table.count(key, nowMs, 1);
      limiter.take(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, BROWSER);
      if (index % 100 === 0) {
        if (table.waitMs(heavy, nowMs) === 0) {
          table.count(heavy, nowMs, 1);
          heavyAllowed += 1;
        }
        if (limiter.take("192.0.2.7", BROWSER) === 0) limiterAllowed += 1;
      }
      largest = Math.max(largest, table.size());
      clock.move(0.01); // 100,000 requests a second, for 10 s.
    }
    expect(largest).toBeLessThanOrEqual(20_000);
    expect(heavyAllowed).toBeLessThanOrEqual(10 + 5 * 10 + 1);
    expect(limiterAllowed).toBeLessThanOrEqual(10 + 5 * 10 + 1);
    expect(limiterAllowed).toBeGreaterThanOrEqual(5 * 10);
  });
});

describe("limiters of several processes", () => {
  it.each([2, 4])("that tell each other every 50 ms allow about one limit (%i)", (processes) => {
    const clock = stoppedClock();
    const sharedSeed = makeHashSeed(systemClock);
    const limiters = Array.from({ length: processes }, () =>
      createRateLimiter({ ratePerSecond: 5, burst: 10, clock, sharedSeed }),
    );
    const seconds = 60;
    let allowed = 0;
    for (let tick = 0; tick < seconds * 200; tick++) {
      const limiter = limiters[tick % processes];
      if (limiter?.take("192.0.2.7", BROWSER) === 0) allowed += 1;
      clock.move(5);
      if (tick % 10 === 9) {
        const told = limiters.map((one) => one.drain());
        for (const [index, one] of limiters.entries()) {
          for (const [other, increments] of told.entries()) if (other !== index) one.adopt(increments);
        }
      }
    }
    const oneLimit = 10 + 5 * seconds;
    expect(allowed).toBeGreaterThan(oneLimit * 0.9);
    expect(allowed).toBeLessThan(oneLimit * 1.1);
  });

  it("hold at most one burst against a client for what others let through", () => {
    const clock = stoppedClock();
    const sharedSeed = makeHashSeed(systemClock);
    const [first, second] = [1, 2].map(() => createRateLimiter({ ratePerSecond: 5, burst: 10, clock, sharedSeed }));
    first?.take("192.0.2.7", BROWSER);
    const { clients, addresses } = first?.drain() ?? { clients: [], addresses: [] };
    second?.adopt({ clients: [clients[0] ?? 0, 1_000], addresses });
    expect(second?.take("192.0.2.7", BROWSER)).toBe(3); // A burst of 10 at 5/s is 2 s, and one request 0.2 s.
  });

  it("tell each use once, and keep nothing to tell where no seed is shared", () => {
    const clock = stoppedClock();
    const sharing = createRateLimiter({ ratePerSecond: 5, burst: 10, clock, sharedSeed: makeHashSeed(systemClock) });
    takeMany(sharing, 30, "192.0.2.7");
    expect(sharing.drain()).toMatchObject({ clients: [expect.any(Number), 10], addresses: [expect.any(Number), 10] });
    expect(sharing.drain()).toEqual({ clients: [], addresses: [] });
    const alone = createRateLimiter({ ratePerSecond: 5, burst: 10, clock });
    takeMany(alone, 3, "192.0.2.7");
    expect(alone.drain()).toEqual({ clients: [], addresses: [] });
  });
});

describe("a limit by address", () => {
  it("counts only what it is told to count", () => {
    const clock = stoppedClock();
    const limiter = createAddressLimiter({ ratePerSecond: 5 / 60, burst: 5, clock });
    for (let attempt = 0; attempt < 5; attempt++) {
      expect(limiter.secondsToWait("192.0.2.7")).toBe(0);
      limiter.count("192.0.2.7");
    }
    expect(limiter.secondsToWait("192.0.2.7")).toBe(12);
    expect(limiter.secondsToWait("192.0.2.8")).toBe(0);
    clock.move(12_000);
    expect(limiter.secondsToWait("192.0.2.7")).toBe(0);
  });
});

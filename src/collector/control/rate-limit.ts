/**
 * The rate limit: how many requests a client may make, told apart by address and user agent, and an address alone ten
 * times as many, so that an office behind one address is not shut out and a made-up user agent buys nothing. Time is
 * monotonic: a clock that is set neither locks anybody out nor lets anybody in.
 */
import type { Clock } from "../../clock.ts";
import { type ArrivalTable, createArrivalTable } from "./arrival-table.ts";
import { clientNetwork } from "./client-network.ts";
import { type HashSeed, hashBelow, hashText, makeHashSeed } from "./key-hash.ts";

/** An address alone may make this many times what an address with one user agent may. */
export const ADDRESS_FACTOR = 10;
/** As far as user agents are read elsewhere, too. */
const USER_AGENT_LENGTH = 256;
/** Keys whose use is told to other processes, between two times; what more come in that time they do not learn of. */
const MAX_SHARED_KEYS = 100_000;

/** Requests that keys made, as other processes are told: key, number, key, number, … */
export type Increments = { readonly clients: readonly number[]; readonly addresses: readonly number[] };

export type RateLimiter = {
  /**
   * Takes one request. Returns 0 when it is within both limits, else the whole seconds (at least 1) until trying again
   * is worth it; a refused request uses up nothing of either. `address` in canonical form.
   */
  readonly take: (address: string, userAgent: string) => number;
  /** Returns what was used since the last call, for the limiters of other processes; empty without a shared seed. */
  readonly drain: () => Increments;
  /** Counts what other processes let through. */
  readonly adopt: (increments: Increments) => void;
};

export type RateLimitOptions = {
  /** Requests a second; 0 means no limit. */
  readonly ratePerSecond: number;
  /** Requests at once, at least 1. */
  readonly burst: number;
  readonly clock: Clock;
  /** Given by processes that share one limit: without the same seed they cannot know each other's keys. */
  readonly sharedSeed?: HashSeed;
};

/** Makes a limiter that has seen nobody. */
export function createRateLimiter(options: RateLimitOptions): RateLimiter {
  const { ratePerSecond, burst, clock, sharedSeed } = options;
  if (ratePerSecond === 0) return { take: () => 0, drain: () => ({ clients: [], addresses: [] }), adopt: () => {} };
  const seed = sharedSeed ?? makeHashSeed(clock);
  const clients = createArrivalTable({ ratePerSecond, burst });
  const addresses = createArrivalTable(ofAddress({ ratePerSecond, burst }));
  const used = sharedSeed && { clients: new Map<number, number>(), addresses: new Map<number, number>() };
  return {
    take: (address, userAgent) => {
      const nowMs = clock.monotonicMs();
      const addressKey = hashText(clientNetwork(address), seed);
      const clientKey = hashBelow(addressKey, userAgent.slice(0, USER_AGENT_LENGTH), seed);
      const waitMs = Math.max(clients.waitMs(clientKey, nowMs), addresses.waitMs(addressKey, nowMs));
      if (waitMs > 0) return toSeconds(waitMs);
      clients.count(clientKey, nowMs, 1);
      addresses.count(addressKey, nowMs, 1);
      if (used !== undefined) {
        note(used.clients, clientKey);
        note(used.addresses, addressKey);
      }
      return 0;
    },
    drain: () => ({ clients: empty(used?.clients), addresses: empty(used?.addresses) }),
    adopt: (increments) => {
      countAll(clients, increments.clients, clock.monotonicMs());
      countAll(addresses, increments.addresses, clock.monotonicMs());
    },
  };
}

export type AddressLimiter = {
  /** Whole seconds until a request of this address is within the limit; 0: it is now. Uses nothing up. */
  readonly secondsToWait: (address: string) => number;
  /** Counts one request. */
  readonly count: (address: string) => void;
};

/** Makes a limiter by address alone, for requests that cost work and bear no key. */
export function createAddressLimiter(options: Omit<RateLimitOptions, "sharedSeed">): AddressLimiter {
  const { ratePerSecond, burst, clock } = options;
  if (ratePerSecond === 0) return { secondsToWait: () => 0, count: () => {} };
  const seed = makeHashSeed(clock);
  const addresses = createArrivalTable({ ratePerSecond, burst });
  const keyOf = (address: string): number => hashText(clientNetwork(address), seed);
  return {
    secondsToWait: (address) => toSeconds(addresses.waitMs(keyOf(address), clock.monotonicMs())),
    count: (address) => addresses.count(keyOf(address), clock.monotonicMs(), 1),
  };
}

/** Returns what an address alone may do where an address with one user agent may do this. */
export function ofAddress(limit: { readonly ratePerSecond: number; readonly burst: number }): typeof limit {
  return { ratePerSecond: limit.ratePerSecond * ADDRESS_FACTOR, burst: limit.burst * ADDRESS_FACTOR };
}

function toSeconds(waitMs: number): number {
  return Math.ceil(waitMs / 1000);
}

function note(used: Map<number, number>, key: number): void {
  const count = used.get(key);
  if (count !== undefined || used.size < MAX_SHARED_KEYS) used.set(key, (count ?? 0) + 1);
}

function empty(used: Map<number, number> | undefined): readonly number[] {
  const told = used === undefined ? [] : [...used].flat();
  used?.clear();
  return told;
}

function countAll(table: ArrivalTable, increments: readonly number[], nowMs: number): void {
  for (let index = 0; index + 1 < increments.length; index += 2) {
    const [key = 0, requests = 0] = increments.slice(index, index + 2);
    table.count(key, nowMs, requests);
  }
}

/**
 * What does asking the rate limit cost a request? Budget: 0.7 µs. Reference: the obvious token bucket, an object each
 * under address and user agent as text, which grows without bound. The addresses are in no order, so that the processor's
 * caches help no more than they do a server. Run: npm run bench -- rate-limit
 */
import { bench, do_not_optimize, run, summary } from "mitata";
import { systemClock } from "../src/clock.ts";
import { createRateLimiter } from "../src/collector/control/rate-limit.ts";

const USER_AGENT =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
const COUNT = 1 << 20;
const RATE = 5;
const BURST = 10;

type Bucket = { tokens: number; filledAtMs: number };

function createNaiveLimiter(): (address: string, userAgent: string) => boolean {
  const buckets = new Map<string, Bucket>();
  const has = (key: string, scale: number, nowMs: number): Bucket | undefined => {
    const bucket = buckets.get(key) ?? { tokens: BURST * scale, filledAtMs: nowMs };
    bucket.tokens = Math.min(BURST * scale, bucket.tokens + ((nowMs - bucket.filledAtMs) / 1000) * RATE * scale);
    bucket.filledAtMs = nowMs;
    buckets.set(key, bucket);
    return bucket.tokens >= 1 ? bucket : undefined;
  };
  return (address, userAgent) => {
    const nowMs = systemClock.monotonicMs();
    const client = has(`${address} ${userAgent}`, 1, nowMs);
    const alone = has(address, 10, nowMs);
    if (client === undefined || alone === undefined) return false;
    client.tokens -= 1;
    alone.tokens -= 1;
    return true;
  };
}

/** Addresses in no order: a full cycle through 2^20 numbers (Hull and Dobell, 1962). */
function listAddresses(write: (number: number) => string): readonly string[] {
  let number = 1;
  return Array.from({ length: COUNT }, () => {
    number = (Math.imul(number, 1_664_525) + 1_013_904_223) & (COUNT - 1);
    return write(number);
  });
}

const ipv4 = listAddresses((number) => `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`);
const ipv6 = listAddresses((number) => `2001:db8:${(number >> 8).toString(16)}:${(number & 255).toString(16)}::1`);
const limiter = (): ReturnType<typeof createRateLimiter> =>
  createRateLimiter({ ratePerSecond: RATE, burst: BURST, clock: systemClock });

// The answers are checked before they are timed.
const [checked, naive] = [limiter(), createNaiveLimiter()];
for (let request = 0; request < 12; request++) {
  const isAllowed = request < BURST;
  if ((checked.take("192.0.2.7", USER_AGENT) === 0) !== isAllowed || naive("192.0.2.7", USER_AGENT) !== isAllowed) {
    throw new Error(`request ${request} of a burst of ${BURST} got the wrong answer`);
  }
}

function overAll(name: string, addresses: readonly string[], take: (address: string) => unknown): void {
  let next = 0;
  bench(name, () => {
    next = (next + 1) % addresses.length;
    return do_not_optimize(take(addresses[next] ?? ""));
  });
}

summary(() => {
  const [busy, flood, six, heavy, plain] = [limiter(), limiter(), limiter(), limiter(), createNaiveLimiter()];
  overAll("token buckets by text, 5,000 visitors (reference)", ipv4.slice(0, 5_000), (one) => plain(one, USER_AGENT));
  overAll("5,000 visitors", ipv4.slice(0, 5_000), (address) => busy.take(address, USER_AGENT));
  overAll("5,000 visitors over IPv6", ipv6.slice(0, 5_000), (address) => six.take(address, USER_AGENT));
  overAll("1,048,576 visitors", ipv4, (address) => flood.take(address, USER_AGENT));
  overAll("one client that is refused", ["192.0.2.7"], (address) => heavy.take(address, USER_AGENT));
});

await run();

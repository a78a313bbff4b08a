/** Limits by address on requests that cost work and need no key: reading, and trying to sign in. */
import type { Clock } from "../../clock.ts";
import { type AddressLimiter, createAddressLimiter, ofAddress } from "../../collector/control/rate-limit.ts";
import type { Settings } from "../../config.ts";
import { PasserbyError } from "../../errors.ts";

/** Attempts to sign in that may fail: five at once, then one every 12 s. */
const FAILED_SIGN_INS = { ratePerSecond: 5 / 60, burst: 5 } as const;

export type RequestLimits = {
  /**
   * Counts a request for the snapshot or the run-time config: as many are allowed as an address may send events, on a
   * budget of their own. Throws `rate_limited`.
   */
  readonly countReading: (address: string) => void;
  /** Throws `rate_limited` for an address of which too many attempts to sign in have failed. */
  readonly checkSignIn: (address: string) => void;
  readonly countFailedSignIn: (address: string) => void;
};

/** Makes the limits. */
export function createRequestLimits(settings: Pick<Settings, "rateLimit" | "rateBurst">, clock: Clock): RequestLimits {
  const limit = ofAddress({ ratePerSecond: settings.rateLimit, burst: settings.rateBurst });
  const reading = createAddressLimiter({ ...limit, clock });
  const signIn = createAddressLimiter({ ...FAILED_SIGN_INS, clock });
  return {
    countReading: (address) => {
      check(reading, address, "more requests than one address may make (METRICS_RATE_LIMIT)");
      reading.count(address);
    },
    checkSignIn: (address) => check(signIn, address, "too many attempts to sign in have failed"),
    countFailedSignIn: signIn.count,
  };
}

function check(limiter: AddressLimiter, address: string, what: string): void {
  const retryAfterSeconds = limiter.secondsToWait(address);
  if (retryAfterSeconds === 0) return;
  throw new PasserbyError("rate_limited", `${what}: try again in ${retryAfterSeconds} s`, { retryAfterSeconds });
}

/** A short burst of requests to the event route, which a rate limit is to refuse in part. */
import { setTimeout as delay } from "node:timers/promises";
import { type Answer, type Asking, headerOf } from "./ask.ts";

/** More than any limit that is advised lets through, and few enough to harm nobody. */
export const BURST_REQUESTS = 40;
/** The requests are spread over so long. */
const BURST_MS = 800;
/** What the advised bucket needs to run empty: 10 requests at 5 a second. */
const REFILL_MS = 2_000;
const MAX_REFILL_MS = 10_000;

export type Burst = {
  readonly answers: readonly Answer[];
  /** Those of status 429. */
  readonly refused: readonly Answer[];
};

/**
 * Sends the burst: POST without a body, which is refused with 400 before anything is stored (the ledger counts those that
 * reach the collector as refused). Then waits as long as the refusals ask for, so that nobody after it is refused for it.
 */
export async function sendBurst(send: (asking: Asking) => Promise<Answer>, origin: string): Promise<Burst> {
  const headers = { origin, "content-type": "application/json" };
  const answers = await Promise.all(
    Array.from({ length: BURST_REQUESTS }, async (_, at) => {
      await delay((at * BURST_MS) / BURST_REQUESTS);
      return send({ method: "POST", headers, body: "" });
    }),
  );
  const refused = answers.filter(({ status }) => status === 429);
  const asked = Math.max(0, ...refused.map((answer) => Number(headerOf(answer, "retry-after") ?? 0) || 0)) * 1000;
  const isLimited = answers.some(({ status }) => status === 429 || status === 503);
  if (isLimited) await delay(Math.min(MAX_REFILL_MS, Math.max(REFILL_MS, asked)));
  return { answers, refused };
}

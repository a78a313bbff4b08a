/** The collector as the internet sees it, through whatever stands in front of it. */
import { setTimeout as delay } from "node:timers/promises";
import { InputUnreadable } from "../input-errors.ts";
import { type Answer, type Asking, ask, headerOf, type Network, NoAnswer } from "./ask.ts";
import { type Burst, sendBurst } from "./burst.ts";

export const EVENT_PATH = "/api/metrics/event";
export const HEALTH_PATH = "/api/metrics/health";

export type LiveCollector = {
  /** Where it is, `https://metrics.example.com/`, or `https://example.com/stats` where a path of the site leads to it. */
  readonly url: URL;
  readonly network: Network;
  /** The address of a path below it. */
  readonly at: (path: string) => URL;
  /** Asks a path below it, and again where it was too often. Throws NoAnswer. */
  readonly ask: (path: string, asking?: Asking) => Promise<Answer>;
  /** Asks like `ask`, but the same thing only once: checks that look at the same answer share it. Throws NoAnswer. */
  readonly askOnce: (path: string, asking?: Asking) => Promise<Answer>;
  /** Sends a burst from pages of an origin (burst.ts), once. Throws NoAnswer. */
  readonly burst: (origin: string) => Promise<Burst>;
  /** What `GET /api/metrics/health` was answered at first. */
  readonly health: Answer;
};

/** A limit without a burst refuses questions that follow each other at once; those are asked again. */
const MAX_RETRIES = 2;
const MAX_WAIT_MS = 5_000;
const DEFAULT_WAIT_MS = 1_000;

/** Asks for its health. Throws InputUnreadable where nobody answers. */
export async function openLiveCollector(url: URL, network: Network): Promise<LiveCollector> {
  const at = (path: string): URL => new URL(url.pathname.replace(/\/+$/, "") + path, url);
  const askBelow = (path: string, asking?: Asking): Promise<Answer> => ask(network, at(path), asking);
  const askPatiently = async (path: string, asking?: Asking): Promise<Answer> => {
    for (let left = MAX_RETRIES; ; left--) {
      const answer = await askBelow(path, asking);
      if (answer.status !== 429 || left === 0) return answer;
      await delay(waitOf(answer));
    }
  };
  const answers = new Map<string, Promise<Answer>>();
  const askOnce = (path: string, asking: Asking = {}): Promise<Answer> => {
    const key = JSON.stringify([path, asking]);
    const answer = answers.get(key) ?? askPatiently(path, asking);
    answers.set(key, answer);
    return answer;
  };
  let sent: Promise<Burst> | undefined;
  const burst = (origin: string): Promise<Burst> => {
    sent ??= sendBurst((asking) => askBelow(EVENT_PATH, asking), origin);
    return sent;
  };
  try {
    const health = await askPatiently(HEALTH_PATH);
    if (health.status >= 300 && health.status < 400) {
      const to = headerOf(health, "location") ?? "nowhere";
      throw new InputUnreadable(url.href, `leads on to ${to}: give the address that does not with --url`);
    }
    return { ...{ url, network, at, ask: askPatiently, askOnce, burst }, health };
  } catch (cause) {
    if (cause instanceof NoAnswer) throw new InputUnreadable(url.href, cause.message, cause);
    throw cause;
  }
}

function waitOf(answer: Answer): number {
  const seconds = Number(headerOf(answer, "retry-after") ?? Number.NaN);
  return Math.min(MAX_WAIT_MS, seconds > 0 ? seconds * 1000 : DEFAULT_WAIT_MS);
}

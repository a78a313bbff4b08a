/** The collector as the internet sees it, through whatever stands in front of it. */
import { InputUnreadable } from "../input-errors.ts";
import { type Answer, type Asking, ask, type Network, NoAnswer } from "./ask.ts";
import { type Burst, sendBurst } from "./burst.ts";

export const EVENT_PATH = "/api/metrics/event";
export const HEALTH_PATH = "/api/metrics/health";

export type LiveCollector = {
  /** Where it is, `https://metrics.example.com/`, or `https://example.com/stats` where a path of the site leads to it. */
  readonly url: URL;
  readonly network: Network;
  /** The address of a path below it. */
  readonly at: (path: string) => URL;
  /** Asks a path below it. Throws NoAnswer. */
  readonly ask: (path: string, asking?: Asking) => Promise<Answer>;
  /** Asks like `ask`, but the same thing only once: checks that look at the same answer share it. Throws NoAnswer. */
  readonly askOnce: (path: string, asking?: Asking) => Promise<Answer>;
  /** Sends a burst from pages of an origin (burst.ts), once. Throws NoAnswer. */
  readonly burst: (origin: string) => Promise<Burst>;
  /** What `GET /api/metrics/health` was answered at first. */
  readonly health: Answer;
};

/** Asks for its health. Throws InputUnreadable where nobody answers. */
export async function openLiveCollector(url: URL, network: Network): Promise<LiveCollector> {
  const at = (path: string): URL => new URL(url.pathname.replace(/\/+$/, "") + path, url);
  const askBelow = (path: string, asking?: Asking): Promise<Answer> => ask(network, at(path), asking);
  const answers = new Map<string, Promise<Answer>>();
  const askOnce = (path: string, asking: Asking = {}): Promise<Answer> => {
    const key = JSON.stringify([path, asking]);
    const answer = answers.get(key) ?? askBelow(path, asking);
    answers.set(key, answer);
    return answer;
  };
  let sent: Promise<Burst> | undefined;
  const burst = (origin: string): Promise<Burst> => {
    sent ??= sendBurst((asking) => askBelow(EVENT_PATH, asking), origin);
    return sent;
  };
  try {
    return { ...{ url, network, at, ask: askBelow, askOnce, burst }, health: await askBelow(HEALTH_PATH) };
  } catch (cause) {
    if (cause instanceof NoAnswer) throw new InputUnreadable(url.href, cause.message, cause);
    throw cause;
  }
}

/** The collector as the internet sees it, through whatever stands in front of it. */
import { InputUnreadable } from "../input-errors.ts";
import { type Answer, type Asking, ask, type Network, NoAnswer } from "./ask.ts";

export const EVENT_PATH = "/api/metrics/event";

export type LiveCollector = {
  /** Where it is, `https://metrics.example.com/`. */
  readonly url: URL;
  readonly network: Network;
  /** Asks a path below it. Throws NoAnswer. */
  readonly ask: (path: string, asking?: Asking) => Promise<Answer>;
  /** What `GET /api/metrics/health` was answered at first. */
  readonly health: Answer;
};

/** Asks for its health. Throws InputUnreadable where nobody answers. */
export async function openLiveCollector(url: URL, network: Network): Promise<LiveCollector> {
  const askBelow = (path: string, asking?: Asking): Promise<Answer> => ask(network, new URL(path, url), asking);
  try {
    return { url, network, ask: askBelow, health: await askBelow("/api/metrics/health") };
  } catch (cause) {
    if (cause instanceof NoAnswer) throw new InputUnreadable(url.href, cause.message, cause);
    throw cause;
  }
}

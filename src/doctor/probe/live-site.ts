/** The site whose visitors are counted, as a browser finds it. */
import { InputUnreadable } from "../input-errors.ts";
import { type Answer, type Asking, ask, type Network, NoAnswer } from "./ask.ts";

export type LiveSite = {
  readonly url: URL;
  readonly network: Network;
  /** Its first page. */
  readonly page: Answer;
  /** Asks an address of it. Throws NoAnswer. */
  readonly ask: (path: string, asking?: Asking) => Promise<Answer>;
};

/** Asks for the first page. Throws InputUnreadable where nobody answers. */
export async function openLiveSite(url: URL, network: Network): Promise<LiveSite> {
  const askBelow = (path: string, asking?: Asking): Promise<Answer> => ask(network, new URL(path, url), asking);
  try {
    return { url, network, ask: askBelow, page: await askBelow(url.pathname) };
  } catch (cause) {
    if (cause instanceof NoAnswer) throw new InputUnreadable(url.href, cause.message, cause);
    throw cause;
  }
}

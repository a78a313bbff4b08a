/** The site whose visitors are counted, as a browser finds it. */
import { InputUnreadable } from "../input-errors.ts";
import { type Answer, type Asking, ask, headerOf, type Network, NoAnswer } from "./ask.ts";
import { readSiteCode, type SiteCode } from "./site-code.ts";
import { findPrivacyPage, type PrivacyPage } from "./site-privacy-page.ts";
import { type SiteVisit, visitSite } from "./site-visit.ts";

export type LiveSite = {
  /** Where its first page is, redirects followed. */
  readonly url: URL;
  readonly network: Network;
  /** Its first page. */
  readonly page: Answer;
  /** Asks an address of it. Throws NoAnswer. */
  readonly ask: (path: string, asking?: Asking) => Promise<Answer>;
  /** The first page and the scripts that it loads. */
  readonly code: () => Promise<SiteCode>;
  /** Its privacy page; undefined where none was found. */
  readonly privacyPage: () => Promise<PrivacyPage | undefined>;
  /** What a real browser sees of it; `chromium` is the path of the browser. Throws NoAnswer. */
  readonly visit: (chromium: string) => Promise<SiteVisit>;
};

const MAX_REDIRECTS = 5;

/** Asks for the first page. Throws InputUnreadable where there is none. */
export async function openLiveSite(address: URL, network: Network): Promise<LiveSite> {
  try {
    const { url, answer: page } = await follow(network, address);
    if (page.status !== 200) throw new InputUnreadable(url.href, `is answered ${page.status}`);
    return {
      ...{ url, network, page },
      ask: (path, asking) => ask(network, new URL(path, url), asking),
      code: once(() => readSiteCode(network, url, page.body)),
      privacyPage: once(() => findPrivacyPage((path) => follow(network, new URL(path, url)), url, page.body)),
      visit: oncePer((chromium: string) => visitSite({ url, network, chromium })),
    };
  } catch (cause) {
    if (cause instanceof NoAnswer) throw new InputUnreadable(address.href, cause.message, cause);
    throw cause;
  }
}

async function follow(network: Network, address: URL): Promise<{ readonly url: URL; readonly answer: Answer }> {
  let url = address;
  for (let left = MAX_REDIRECTS; ; left--) {
    const answer = await ask(network, url);
    const location = headerOf(answer, "location");
    if (left === 0 || location === undefined || answer.status < 300 || answer.status > 399) return { url, answer };
    const next = URL.parse(location, url.href);
    if (next === null || !/^https?:$/.test(next.protocol)) return { url, answer };
    url = next;
  }
}

/** Looks on the first call, and gives the same answer, or the same error, from then on. */
function once<Value>(look: () => Promise<Value>): () => Promise<Value> {
  return oncePer<undefined, Value>(look).bind(undefined, undefined);
}

function oncePer<Argument, Value>(
  look: (argument: Argument) => Promise<Value>,
): (argument: Argument) => Promise<Value> {
  const looks = new Map<Argument, Promise<Value>>();
  return (argument) => {
    const looking = looks.get(argument) ?? look(argument);
    looks.set(argument, looking);
    return looking;
  };
}

/** What a page and its scripts say of the tracker: where it sends, for which share of visitors, and how visitors are told apart. */
import { type HTMLElement, parse } from "node-html-parser";
import { ask, type Network, NoAnswer } from "./ask.ts";

/** A text that the site's code was found in, with its address. */
export type CodeText = { readonly where: string; readonly text: string };

export type SiteCode = {
  /** The page itself first, then its scripts. */
  readonly texts: readonly CodeText[];
  /** Scripts that were not read: there were too many, or nobody gave them. */
  readonly unread: readonly string[];
  /** The tag of the tracker's script, where there is one. */
  readonly tag: TrackerTag | undefined;
  /** How visitors are told apart, as far as it can be told: what the page's scripts ask for. */
  readonly identity: "session" | "persistent" | "daily";
};

export type TrackerTag = {
  readonly where: string;
  readonly src: string;
  /** `data-` attributes without the prefix, as they are written. */
  readonly data: Readonly<Record<string, string>>;
};

const MAX_SCRIPTS = 24;
/** `passerby.js`, `passerby-full.js`, `passerby-full.0123456789abcdef.js`. */
const TRACKER_FILE = /\/passerby(?:-full)?(?:\.[\da-f]{16})?\.js$/;
const IDENTITY_FILE = /\/passerby-identity(?:\.[\da-f]{16})?\.js$/;
/** `from "./a.js"`, `import "./a.js"`, `import("./a.js")`. */
const IMPORT = /(?:\bfrom|\bimport\s*\(?)\s*["'`]([^"'`\s]+\.m?js)["'`]/g;

/** Reads the scripts of a page, and those that they import, one after the other. */
export async function readSiteCode(network: Network, page: URL, html: string): Promise<SiteCode> {
  const root = parse(html, { comment: false });
  const scripts = root.querySelectorAll("script[src]");
  const sources = [...scripts, ...root.querySelectorAll("link[rel=modulepreload][href]")];
  const waiting = sources
    .map((one) => one.getAttribute("src") ?? one.getAttribute("href") ?? "")
    .map((src) => URL.parse(src, page.href));
  const texts: CodeText[] = [{ where: page.href, text: html }];
  const unread: string[] = [];
  const seen = new Set<string>();
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (next === null || seen.has(next.href) || !/^https?:$/.test(next.protocol)) continue;
    seen.add(next.href);
    const text = seen.size > MAX_SCRIPTS ? undefined : await readScript(network, next);
    if (text === undefined) unread.push(next.href);
    else {
      const from = next;
      texts.push({ where: from.href, text });
      waiting.push(...[...text.matchAll(IMPORT)].map(([, name = ""]) => URL.parse(name, from.href)));
    }
  }
  return { texts, unread, tag: findTag(scripts, page), identity: findIdentity(scripts, texts) };
}

async function readScript(network: Network, url: URL): Promise<string | undefined> {
  try {
    const { status, body } = await ask(network, url);
    return status === 200 ? body : undefined;
  } catch (error) {
    if (error instanceof NoAnswer) return undefined;
    throw error;
  }
}

function findTag(scripts: readonly HTMLElement[], page: URL): TrackerTag | undefined {
  const tag = scripts.find((one) => TRACKER_FILE.test(pathOf(one, page)));
  if (tag === undefined) return undefined;
  const attributes = Object.entries(tag.attributes).filter(([name]) => name.startsWith("data-"));
  return {
    where: page.href,
    src: tag.getAttribute("src") ?? "",
    data: Object.fromEntries(attributes.map(([name, value]) => [name.slice("data-".length), value])),
  };
}

function pathOf(script: HTMLElement, page: URL): string {
  return URL.parse(script.getAttribute("src") ?? "", page.href)?.pathname ?? "";
}

/** The tag of the identity script says it, or a call of `identify` in the site's own code. */
function findIdentity(scripts: readonly HTMLElement[], texts: readonly CodeText[]): SiteCode["identity"] {
  const tagged = scripts.find((one) =>
    IDENTITY_FILE.test(URL.parse(one.getAttribute("src") ?? "", "http://x")?.pathname ?? ""),
  );
  const called = texts.map(({ text }) => /\bmode:\s*["'`](session|persistent)["'`]/.exec(text)?.[1]);
  const mode = tagged?.getAttribute("data-mode") ?? called.find((one) => one !== undefined);
  return mode === "session" || mode === "persistent" ? mode : "daily";
}

/** The share of visitors that the page's tracker counts, as the tag or the bundle says it; undefined where nothing does. */
export function findRate({ tag, texts }: SiteCode): { readonly written: string; readonly where: string } | undefined {
  const onTag = tag?.data["sample-rate"];
  if (tag !== undefined) return onTag === undefined ? undefined : { written: onTag, where: tag.where };
  for (const { where, text } of texts) {
    // As bundlers write options of `start`, and VITE_METRICS_SAMPLE_RATE where it was put in.
    const [, given, built] = /\bsampleRate:\s*(\d*\.?\d+)\b|\bNumber\(["'`](\d*\.?\d+)["'`]/.exec(text) ?? [];
    const written = given ?? built;
    if (written !== undefined) return { written, where };
  }
  return undefined;
}

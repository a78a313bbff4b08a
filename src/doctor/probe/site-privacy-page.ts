/** The privacy page of a site: found as a visitor finds it, and split into the sentences that it says. */
import { type HTMLElement, parse } from "node-html-parser";
import type { Answer } from "./ask.ts";

/** A link whose text or address speaks of privacy, in the languages that we know the word of. */
const PRIVACY_WORDS =
  /privacy|data[ -]?protection|datenschutz|vie[ -]priv|confidentialit|donn[ée]es[ -]personnelles|privacidad|protecci[oó]n[ -]de[ -]datos|riservatezza|privatsph|privacybeleid|integritet|personvern|tietosuoja/i;
/** Where it lies where no link says so. */
const USUAL_PATHS = ["/privacy.html", "/privacy", "/privacy/"] as const;

/** No sentence is longer; what is, would only cost time. */
const MAX_STATEMENT = 2_000;

export type PrivacyLink = { readonly href: string; readonly text: string; readonly isInFooter: boolean };

export type PrivacyPage = {
  readonly url: URL;
  readonly answer: Answer;
  /** The link that led there; undefined where it lay at a usual address. */
  readonly link: PrivacyLink | undefined;
  /** Sentences and cells of tables, white space made one. */
  readonly statements: readonly string[];
  /** Links to write or to call by: `mailto:…`. */
  readonly hasContactLink: boolean;
};

type Follow = (path: string) => Promise<{ readonly url: URL; readonly answer: Answer }>;

/** Follows the link of the first page, or tries the usual addresses. Throws NoAnswer. */
export async function findPrivacyPage(follow: Follow, page: URL, html: string): Promise<PrivacyPage | undefined> {
  const link = findPrivacyLink(html);
  const paths = link === undefined ? USUAL_PATHS : [link.href];
  for (const path of paths) {
    if (URL.parse(path, page.href) === null) continue;
    const { url, answer } = await follow(path);
    if (answer.status === 200 || link !== undefined) {
      return { ...{ url, answer, link }, ...readStatements(answer.body) };
    }
  }
  return undefined;
}

/** The link to the privacy page, that of the footer first. */
export function findPrivacyLink(html: string): PrivacyLink | undefined {
  const links = parse(html, { comment: false })
    .querySelectorAll("a[href]")
    .map((one) => ({ href: one.getAttribute("href") ?? "", text: tidy(one.textContent), isInFooter: isInFooter(one) }))
    .filter(isPrivacyLink);
  return links.find((link) => link.isInFooter) ?? links[0];
}

/** Whether a link speaks of privacy. */
export function isPrivacyLink({ href, text }: { readonly href: string; readonly text: string }): boolean {
  return PRIVACY_WORDS.test(text) || PRIVACY_WORDS.test(href.replace(/^https?:\/\/[^/]*/, ""));
}

function isInFooter(element: HTMLElement): boolean {
  for (let above: HTMLElement | null = element; above !== null; above = above.parentNode) {
    const names = `${above.id ?? ""} ${above.getAttribute?.("class") ?? ""}`;
    if (above.rawTagName?.toLowerCase() === "footer" || above.getAttribute?.("role") === "contentinfo") return true;
    if (/(^|[\s_-])footer($|[\s_-])/i.test(names)) return true;
  }
  return false;
}

/** Splits a page into what it says. */
export function readStatements(html: string): Pick<PrivacyPage, "statements" | "hasContactLink"> {
  // A cell or an item is a statement of its own; where lines were broken in the source means nothing.
  const oneLine = html.replace(/\s+/g, " ").replace(/<\/(?:t[dh]|li|dt|dd|h\d|p|div)\s*>|<br\s*\/?>/gi, "$&\n");
  const root = parse(oneLine, { comment: false });
  for (const unseen of root.querySelectorAll("script, style, noscript, template, head")) unseen.remove();
  const statements = root.textContent
    .split("\n")
    .flatMap((line) => line.split(/(?<=[.!?;])\s+/))
    .map((sentence) => tidy(sentence).slice(0, MAX_STATEMENT))
    .filter((sentence) => sentence !== "");
  return { statements, hasContactLink: root.querySelector('a[href^="mailto:"], a[href^="tel:"]') !== null };
}

function tidy(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

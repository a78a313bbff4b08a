/**
 * Finds where a visit came from: the source that the link names (`utm_source`, `ref`, `source`), else the site that led
 * here, and the channel it belongs to. Well-known sources get their name, others keep theirs; the site's own pages are
 * no source.
 */

import { redact } from "../privacy/scrub-patterns.ts";
import { advertiserOf, findChannel, isClickId } from "./channel.ts";
import { sourceOfHost, sourceOfWord } from "./known-sources.ts";

/** Where a visit came from; both absent for a page reached from within the site. */
export type FoundSource = { readonly source?: string; readonly channel?: string };

/** What is known about how a page was reached; both addresses may be left out. */
export type SourceInput = {
  /** Address of the page, before scrubbing: the click ids of ad networks are read here and never stored. */
  readonly url?: string | undefined;
  readonly referrer?: string | undefined;
  /** Host names of the site itself. */
  readonly siteHosts: readonly string[];
};

/** The longest name of a source that is kept. */
const SOURCE_LENGTH = 128;

type Tags = { source: string; medium: string; campaign: string; clickId: string };

/** Finds source and channel of a page view. A page opened directly has the channel `Direct` and no source. */
export function findSource({ url, referrer, siteHosts }: SourceInput): FoundSource {
  if (url === undefined && referrer === undefined) return {};
  const tags = readTags(url ?? "");
  const host = hostOf(referrer);
  const isOwn = host !== undefined && isOwnHost(host, siteHosts, url);
  const source = tags.source !== "" ? nameOfWord(tags.source) : host === undefined || isOwn ? "" : nameOfHost(host);
  const isTagged = tags.source !== "" || tags.medium !== "" || tags.campaign !== "";
  if (isOwn && !isTagged) return {};
  // The word of the link, not the name it was given: `google-ads` is paid, `Google` is not.
  const channel = findChannel({ ...tags, source: tags.source === "" ? source : tags.source });
  return source === "" ? { channel } : { source, channel };
}

function readTags(url: string): Tags {
  const tags: Tags = { source: "", medium: "", campaign: "", clickId: "" };
  const mark = url.indexOf("?");
  if (mark < 0) return tags;
  const named = { utm_source: "", ref: "", source: "" };
  for (const part of url.slice(mark + 1).split(/[&#]/, 64)) {
    const equals = part.indexOf("=");
    if (equals < 1) continue;
    const key = part.slice(0, equals).toLowerCase();
    if (key === "utm_source" || key === "ref" || key === "source") named[key] ||= decode(part.slice(equals + 1));
    else if (key === "utm_medium") tags.medium ||= decode(part.slice(equals + 1));
    else if (key === "utm_campaign") tags.campaign ||= decode(part.slice(equals + 1));
    else if (isClickId(key)) tags.clickId ||= key;
  }
  tags.source = named.utm_source || named.ref || named.source;
  return tags;
}

function decode(value: string): string {
  const spaced = value.replaceAll("+", " ");
  if (!spaced.includes("%")) return spaced.trim();
  try {
    return decodeURIComponent(spaced).trim();
  } catch {
    // Not UTF-8: shown as it was written.
    return spaced.trim();
  }
}

/** Returns the host of a web page or the package of an Android app, in small letters; undefined for anything else. */
function hostOf(referrer: string | undefined): string | undefined {
  if (referrer === undefined) return undefined;
  const match = /^(?:https?|android-app):\/\/(?:[^/?#@]{0,256}@)?(\[[0-9a-f:.]{2,45}\]|[^/?#:@\\\s]{1,253})/i.exec(
    referrer,
  );
  return match?.[1]?.toLowerCase().replace(/\.$/, "");
}

function isOwnHost(host: string, siteHosts: readonly string[], url: string | undefined): boolean {
  const bare = withoutWww(host);
  if (siteHosts.some((own) => withoutWww(own) === bare)) return true;
  const pageHost = hostOf(url);
  return pageHost !== undefined && withoutWww(pageHost) === bare;
}

function nameOfHost(host: string): string {
  const bare = withoutWww(host);
  const name = sourceOfHost(bare)?.name;
  return name === undefined || name === "=" ? bare : name;
}

function nameOfWord(word: string): string {
  const name = (sourceOfWord(word) ?? sourceOfWord(advertiserOf(word) ?? ""))?.name;
  if (name !== undefined && name !== "=") return name;
  return redact(word).value.slice(0, SOURCE_LENGTH);
}

function withoutWww(host: string): string {
  return host.startsWith("www.") ? host.slice(4) : host;
}

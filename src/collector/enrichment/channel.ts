/**
 * Sorts visits into channels by the rules of Google Analytics 4's default channel group
 * (support.google.com/analytics/answer/9756891), in its order, with three additions: assistants have a channel of
 * their own, a click id of an ad network counts as paid, and a tagged source without a medium is a referral.
 */
import { type SourceKind, sourceOfWord } from "./known-sources.ts";

/** What decides about a channel; every part may be empty. */
export type ChannelInput = {
  readonly source: string;
  readonly medium: string;
  readonly campaign: string;
  /** The parameter in which an ad network leaves its click id, such as `gclid`. */
  readonly clickId: string;
};

const PAID_MEDIUM = /^(?:.*cp.*|ppc|retargeting|paid.*)$/;
/** `fb-ads`, `Google_Ads`, and `bingads` but not `threads` */
const PAID_SOURCE = /^(.{2,40}?)([-_ ]?)ads?$/;
const SHOP_CAMPAIGN = /(?:^|[^a-df-z])shop/;
const DISPLAY: ReadonlySet<string> = new Set(["display", "banner", "expandable", "interstitial", "cpm"]);
const SOCIAL: ReadonlySet<string> = new Set([
  ...["social", "social-network", "social-media", "sm", "social network", "social media"],
]);
const EMAIL = /^e[-_ ]?mail$/;
const NEWSLETTER = /newsletter/;
const NOTHING: ReadonlySet<string> = new Set(["(none)", "(not set)", "(direct)"]);
/** Click ids, each with the one source whose visits it marks as paid. */
const CLICK_IDS: ReadonlyMap<string, string> = new Map([
  ["gclid", "Google"],
  ["gbraid", "Google"],
  ["wbraid", "Google"],
  ["msclkid", "Bing"],
]);

/** Returns the source's own word in one that stands for its advertisements, or undefined: `fb` for `fb-ads`. */
export function advertiserOf(word: string): string | undefined {
  const key = word.toLowerCase();
  if (key === "adwords") return "google";
  const [, base = "", separator = ""] = PAID_SOURCE.exec(key) ?? [];
  return base !== "" && (separator !== "" || sourceOfWord(base) !== undefined) ? base : undefined;
}

/** Says whether a parameter is a click id that can tell a paid visit. */
export function isClickId(key: string): boolean {
  return CLICK_IDS.has(key);
}

/** Returns the channel, such as `Organic Search`; `Direct` when nothing is known. */
export function findChannel(input: ChannelInput): string {
  const visit = readVisit(input);
  if (visit.source === "" && visit.medium === "" && visit.campaign === "") return "Direct";
  return campaignChannel(visit) ?? organicChannel(visit) ?? mediumChannel(visit) ?? remainingChannel(visit);
}

type Visit = {
  readonly source: string;
  readonly medium: string;
  readonly campaign: string;
  readonly kind: SourceKind | undefined;
  readonly isPaid: boolean;
  readonly isShop: boolean;
};

function readVisit({ source, medium, campaign, clickId }: ChannelInput): Visit {
  const said = (text: string): string => (NOTHING.has(text.toLowerCase()) ? "" : text.toLowerCase().trim());
  const words = { source: said(source), medium: said(medium), campaign: said(campaign) };
  const advertiser = advertiserOf(words.source);
  const known = sourceOfWord(words.source) ?? sourceOfWord(advertiser ?? "");
  const isMarked = known !== undefined && CLICK_IDS.get(clickId) === known.name;
  const isPaid = PAID_MEDIUM.test(words.medium) || (words.medium === "" && (isMarked || advertiser !== undefined));
  const isShop = known?.kind === "shopping" || SHOP_CAMPAIGN.test(words.campaign);
  return { ...words, kind: known?.kind, isPaid, isShop };
}

function campaignChannel({ campaign, medium, kind, isPaid, isShop }: Visit): string | undefined {
  if (campaign.includes("cross-network")) return "Cross-network";
  if (isPaid && isShop) return "Paid Shopping";
  if (isPaid && kind === "search") return "Paid Search";
  if (isPaid && kind === "social") return "Paid Social";
  if (isPaid && kind === "video") return "Paid Video";
  if (DISPLAY.has(medium)) return "Display";
  return isPaid ? "Paid Other" : undefined;
}

function organicChannel({ medium, kind, isShop }: Visit): string | undefined {
  if (isShop) return "Organic Shopping";
  if (kind === "social" || SOCIAL.has(medium)) return "Organic Social";
  if (kind === "video" || medium.includes("video")) return "Organic Video";
  if (kind === "search" || medium === "organic") return "Organic Search";
  return kind === "assistant" ? "AI Assistants" : undefined;
}

function mediumChannel({ source, medium, kind }: Visit): string | undefined {
  if (medium === "referral" || medium === "app" || medium === "link") return "Referral";
  if (kind === "email" || EMAIL.test(source) || EMAIL.test(medium)) return "Email";
  if (NEWSLETTER.test(source) || NEWSLETTER.test(medium)) return "Email";
  if (medium === "affiliate" || medium === "affiliates") return "Affiliates";
  if (medium === "audio") return "Audio";
  if (source === "sms" || medium === "sms") return "SMS";
  const isPush = medium.endsWith("push") || medium.includes("mobile") || medium.includes("notification");
  return isPush || source === "firebase" ? "Mobile Push Notifications" : undefined;
}

function remainingChannel({ source, medium }: Visit): string {
  return source !== "" && medium === "" ? "Referral" : "Unassigned";
}

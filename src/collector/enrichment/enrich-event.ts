/** The classify and enrich steps: robots are marked (or dropped), then browser, system, device and source are filled in. */
import type { Settings } from "../../config.ts";
import type { AcceptedEvent, DropReason } from "../../event.ts";
import { type Draft, isSmoke } from "../draft.ts";
import type { SiteFinder } from "../intake/site.ts";
import { remember } from "../remember.ts";
import { isBotHint } from "./classify.ts";
import type { AgentFacts, AgentReader } from "./enrich.ts";
import type { Place, PlaceFinder } from "./find-place.ts";
import { type FoundSource, findSource } from "./source.ts";

/** Finds the source of an event from its address as it was sent, and from the scrubbed one. */
export type SourceFinder = (event: AcceptedEvent, sentUrl: string | undefined) => FoundSource;

/** Makes a finder that remembers what it found for scrubbed addresses; one with a query is read anew each time. */
export function createSourceFinder(sites: SiteFinder): SourceFinder {
  const hostsOf = (site: string): readonly string[] => sites.byName(site)?.hosts ?? [site];
  const finders = new Map<string, (key: string) => FoundSource>();
  const makeFinder = (site: string): ((key: string) => FoundSource) => {
    const siteHosts = hostsOf(site);
    const finder = remember((key) => findSource({ ...splitKey(key), siteHosts }), { capacity: 4096, maxLength: 512 });
    finders.set(site, finder);
    return finder;
  };
  return ({ site, url, referrer }, sentUrl) => {
    if (sentUrl?.includes("?")) return findSource({ url: sentUrl, referrer, siteHosts: hostsOf(site) });
    const find = finders.get(site) ?? makeFinder(site);
    return find(`${url?.length ?? -1} ${url ?? ""}${referrer ?? ""}`);
  };
}

/** The key says how long the address is, since nothing that could part the two may not stand in them. */
function splitKey(key: string): { readonly url?: string; readonly referrer?: string } {
  const start = key.indexOf(" ") + 1;
  const length = Number(key.slice(0, start));
  const end = start + Math.max(0, length);
  const referrer = key.slice(end);
  return { ...(length >= 0 && { url: key.slice(start, end) }), ...(referrer !== "" && { referrer }) };
}

/** What the two steps lean on. */
export type EnrichState = {
  readonly settings: Pick<Settings, "bots" | "keepUserAgent">;
  readonly agents: AgentReader;
  readonly findSource: SourceFinder;
  readonly findPlace: PlaceFinder;
};

/**
 * Marks a robot's event; drops it only where the owner chose so. Smoke events come from curl and are never dropped. An
 * event whose user agent nobody told is not called a robot's; client hints are the sender's own, so with a key they say
 * nothing about the visitor.
 */
export function classifyEvent(draft: Draft, state: EnrichState): DropReason | undefined {
  const { event, sender, userAgent } = draft;
  if (userAgent === undefined) return undefined;
  const { clientHints, hasIngestKey } = sender;
  const hasBotHint = clientHints !== undefined && !hasIngestKey && isBotHint(clientHints, userAgent);
  event.isBot = hasBotHint || state.agents(userAgent).isBot;
  const isUnwanted = event.isBot && state.settings.bots === "drop" && !isSmoke(draft);
  return isUnwanted ? "bot" : undefined;
}

/**
 * Fills in what the user agent, the address and the way here say. The source is read from the address of the page as it
 * was sent, since the click ids of ad networks tell a paid visit and are not stored; what findSource returns is scrubbed.
 * The address of whoever sends with a key says nothing about the visitor.
 */
export function enrichEvent(draft: Draft, state: EnrichState): undefined {
  const { event, input, sender, userAgent } = draft;
  if (!sender.hasIngestKey) addPlace(event, state.findPlace(sender.address));
  if (event.isBot) event.device = "bot";
  else if (userAgent !== undefined) addAgentFacts(event, state.agents(userAgent));
  const { source, channel } = state.findSource(event, input.url);
  if (source !== undefined) event.source = source;
  if (channel !== undefined) event.channel = channel;
  if (state.settings.keepUserAgent && userAgent !== undefined && !draft.isUnlinked) event.userAgent = userAgent;
}

function addAgentFacts(event: Draft["event"], facts: AgentFacts): void {
  event.device = facts.device;
  if (facts.browser !== undefined) event.browser = facts.browser;
  if (facts.browserVersion !== undefined) event.browserVersion = facts.browserVersion;
  if (facts.os !== undefined) event.os = facts.os;
  if (facts.osVersion !== undefined) event.osVersion = facts.osVersion;
}

function addPlace(event: Draft["event"], place: Place): void {
  if (place.country !== undefined) event.country = place.country;
  if (place.region !== undefined) event.region = place.region;
}

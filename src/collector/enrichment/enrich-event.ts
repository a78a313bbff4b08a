/** The classify and enrich steps: robots are marked (or dropped), then browser, system, device and source are filled in. */
import type { Settings } from "../../config.ts";
import type { DropReason } from "../../event.ts";
import { type Draft, isSmoke } from "../draft.ts";
import type { SiteFinder } from "../intake/site.ts";
import type { AgentReader } from "./enrich.ts";
import { findSource } from "./source.ts";

/** What the two steps lean on. */
export type EnrichState = {
  readonly settings: Pick<Settings, "bots" | "keepUserAgent">;
  readonly agents: AgentReader;
  readonly sites: SiteFinder;
};

/** Marks a robot's event; drops it only where the owner chose so. Smoke events come from curl and are never dropped. */
export function classifyEvent(draft: Draft, state: EnrichState): DropReason | undefined {
  draft.event.isBot = state.agents(draft.userAgent).isBot;
  const isUnwanted = draft.event.isBot && state.settings.bots === "drop" && !isSmoke(draft);
  return isUnwanted ? "bot" : undefined;
}

/**
 * Fills in what the user agent and the way here say. The source is read from the address as it was sent, since the click
 * ids of ad networks tell a paid visit and are not stored; what findSource returns is scrubbed.
 */
export function enrichEvent(draft: Draft, state: EnrichState): undefined {
  const { event, userAgent } = draft;
  const { isBot: _isBot, ...facts } = state.agents(userAgent);
  Object.assign(event, facts);
  const siteHosts = state.sites.byName(event.site)?.hosts ?? [event.site];
  Object.assign(event, findSource({ url: draft.input.url ?? event.url, referrer: event.referrer, siteHosts }));
  if (state.settings.keepUserAgent) event.userAgent = userAgent;
}

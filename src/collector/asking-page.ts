/** What is known of the page that a request comes from: whether it may ask, its site, and what its tracker is told. */
import type { Clock } from "../clock.ts";
import type { Settings } from "../config.ts";
import type { Control } from "./control/control.ts";
import type { TrackerConfig } from "./control/tracker-config.ts";
import { indexOrigins, type OriginList } from "./intake/origins.ts";
import { findSite, indexSites, type SiteFinder } from "./intake/site.ts";

/** The headers that name the page which a request comes from. */
export type PageHeaders = { readonly origin?: string | undefined; readonly referer?: string | undefined };

export type PageFacts = {
  readonly origins: OriginList;
  /** The site whose pages a request comes from, or the default. */
  readonly siteOf: (from: PageHeaders) => string;
  /** What trackers on those pages are told now. */
  readonly trackerConfig: (from: PageHeaders) => TrackerConfig;
};

type Parts = { readonly control: Control; readonly clock: Clock; readonly sites?: SiteFinder };

/** Indexes the allowed origins and the sites of the settings. */
export function createPageFacts(settings: Settings, { control, clock, sites }: Parts): PageFacts {
  const finder = sites ?? indexSites(settings.sites);
  const siteOf = ({ origin, referer }: PageHeaders): string =>
    findSite(finder, { sender: { origin, referer } }) ?? settings.defaultSite;
  return {
    origins: indexOrigins(settings.allowedOrigins),
    siteOf,
    trackerConfig: (from) => control.trackerConfig(siteOf(from), clock.now()),
  };
}

/** Which site an event belongs to: looked up by host name, from what the browser says about the page. */
import type { Site } from "../../config.ts";
import type { Sender } from "./sender.ts";

export type SiteFinder = {
  readonly has: (name: string) => boolean;
  /** Returns the site served under a host name, without port. */
  readonly byHost: (host: string) => Site | undefined;
  readonly byName: (name: string) => Site | undefined;
};

/** Indexes the configured sites. A host of `a.com` also stands for `www.a.com`. */
export function indexSites(sites: readonly Site[]): SiteFinder {
  const byName = new Map(sites.map((site) => [site.name, site]));
  const byHost = new Map(
    sites.flatMap((site) => [site.name, ...site.hosts].map((host): [string, Site] => [host, site])),
  );
  return {
    has: (name) => byName.has(name),
    byName: (name) => byName.get(name),
    byHost: (host) => byHost.get(host) ?? byHost.get(host.replace(/^www\./, "")),
  };
}

/** Finds the site from `Origin`, then `Referer`, then the page's URL; undefined when none names a known host. */
export function findSite(
  sites: SiteFinder,
  from: { readonly sender: Pick<Sender, "origin" | "referer">; readonly url?: string | undefined },
): string | undefined {
  for (const address of [from.sender.origin, from.sender.referer, from.url]) {
    const site = address === undefined ? undefined : sites.byHost(hostOf(address));
    if (site !== undefined) return site.name;
  }
  return undefined;
}

function hostOf(address: string): string {
  return /^https?:\/\/([^/:?#]+|\[[^\]]+\])/i.exec(address)?.[1]?.toLowerCase() ?? "";
}

/** Which site an event belongs to: looked up by host name, from what the browser says about the page. */
import type { Site } from "../../config.ts";
import { remember } from "../remember.ts";
import type { Sender } from "./sender.ts";

export type SiteFinder = {
  readonly has: (name: string) => boolean;
  readonly byName: (name: string) => Site | undefined;
  /** Returns the site that an absolute address is on. */
  readonly byAddress: (address: string) => Site | undefined;
};

/** Addresses whose site is remembered: pages and origins keep coming. */
const REMEMBERED = { capacity: 4096, maxLength: 256 } as const;

/** Indexes the configured sites. A host of `a.com` also stands for `www.a.com`. */
export function indexSites(sites: readonly Site[]): SiteFinder {
  const byName = new Map(sites.map((site) => [site.name, site]));
  const byHost = new Map(
    sites.flatMap((site) => [site.name, ...site.hosts].map((host): [string, Site] => [host, site])),
  );
  const find = (host: string): Site | undefined => byHost.get(host) ?? byHost.get(host.replace(/^www\./, ""));
  // A Map of answers cannot tell an answer of undefined from none.
  const findAddress = remember((address) => ({ site: find(hostOf(address)) }), REMEMBERED);
  return {
    has: (name) => byName.has(name),
    byName: (name) => byName.get(name),
    // A query may be personal: such an address is not remembered.
    byAddress: (address) => (address.includes("?") ? find(hostOf(address)) : findAddress(address).site),
  };
}

/** Finds the site from `Origin`, then `Referer`, then the page's URL; undefined when none names a known host. */
export function findSite(
  sites: SiteFinder,
  from: { readonly sender: Pick<Sender, "origin" | "referer">; readonly url?: string | undefined },
): string | undefined {
  for (const address of [from.sender.origin, from.sender.referer, from.url]) {
    const site = address === undefined ? undefined : sites.byAddress(address);
    if (site !== undefined) return site.name;
  }
  return undefined;
}

function hostOf(address: string): string {
  return /^https?:\/\/([^/:?#]+|\[[^\]]+\])/i.exec(address)?.[1]?.toLowerCase() ?? "";
}

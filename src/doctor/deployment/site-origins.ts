/** What an origin in ALLOWED_ORIGINS means: whose it is, and whether others could have it. */
import ipaddr from "ipaddr.js";

/** Domains under which anybody gets a name: a wildcard there lets in strangers. The large ones, not the public suffix list. */
const SHARED_DOMAINS: readonly string[] = [
  ...["github.io", "gitlab.io", "pages.dev", "workers.dev", "netlify.app", "vercel.app", "web.app", "firebaseapp.com"],
  ...["herokuapp.com", "onrender.com", "fly.dev", "surge.sh", "blogspot.com", "wordpress.com", "wixsite.com"],
  ...[
    "azurewebsites.net",
    "cloudfront.net",
    "amazonaws.com",
    "appspot.com",
    "ngrok.io",
    "ngrok-free.app",
    "replit.app",
  ],
  ...["co.uk", "org.uk", "ac.uk", "gov.uk", "com.au", "net.au", "org.au", "co.nz", "co.jp", "com.br", "co.in", "co.za"],
];

/** Says whether strangers can have a host that a wildcard origin covers. */
export function openWildcard(origin: string): boolean {
  const domain = /^https?:\/\/\*\.([^:]+)/.exec(origin)?.[1];
  return domain !== undefined && (!domain.includes(".") || SHARED_DOMAINS.includes(domain));
}

/** Says whether an origin is of one machine or one network, and not of the internet. */
export function isLocalOrigin(origin: string): boolean {
  const host = /^https?:\/\/(\[[^\]]*\]|[^:/]+)/.exec(origin)?.[1]?.replace(/^\[|\]$/g, "") ?? "";
  return isLocalHost(host);
}

/** Says so of a host. */
export function isLocalHost(host: string): boolean {
  if (host === "localhost" || /\.(localhost|local|test|lan|internal|invalid)$/.test(host)) return true;
  return ipaddr.isValid(host) && ipaddr.process(host).range() !== "unicast";
}

/** Returns what a browser sends for an address that somebody wrote in place of an origin; undefined where there is none. */
export function strictOrigin(text: string): string | undefined {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `https://${text}`);
  return url !== null && /^https?:$/.test(url.protocol) ? url.origin : undefined;
}

/** Returns the other form of an origin that begins with `www.` or is of a bare domain. */
export function withAndWithoutWww(origin: string): readonly string[] {
  const host = /^https:\/\/([^:*]+)$/.exec(origin)?.[1];
  if (host === undefined || isLocalHost(host) || ipaddr.isValid(host)) return [];
  if (host.startsWith("www.")) return [`https://${host.slice(4)}`];
  return host.split(".").length === 2 ? [`https://www.${host}`] : [];
}

/** Reads the text of a setting into its value; undefined means that the text is not allowed. */
import { isIP } from "node:net";
import { availableParallelism } from "node:os";
import ipaddr from "ipaddr.js";

/** A site: its name and the host names it is served under. */
export type Site = { readonly name: string; readonly hosts: readonly string[] };

/** Reads a whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number | undefined {
  return (text) => (/^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : undefined);
}

/** Reads a decimal number within bounds. */
export function numberBetween(min: number, max: number): (text: string) => number | undefined {
  return (text) => (/^\d*\.?\d+$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : undefined);
}

/** Reads one of a closed list. */
export function oneOf<const Value extends string>(values: readonly Value[]): (text: string) => Value | undefined {
  return (text) => values.find((value) => value === text);
}

function items(text: string): readonly string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** Reads a comma list of exact origins, of one-label wildcards, `*`, or `null`, which sandboxed frames send. */
export function originList(text: string): readonly string[] | undefined {
  const origins = items(text);
  const isGood = (origin: string): boolean =>
    origin === "*" ||
    origin === "null" ||
    /^https?:\/\/(\*\.)?([a-z0-9-]+\.)*[a-z0-9-]+(:\d{1,5})?$/.test(origin) ||
    /^https?:\/\/\[[0-9a-f:]+\](:\d{1,5})?$/.test(origin);
  return origins.length > 0 && origins.every(isGood) ? origins : undefined;
}

/** Reads `name=host|host,name`; null for nothing, which means: derive them. */
export function siteList(text: string): readonly Site[] | null | undefined {
  if (text === "") return null;
  const sites = items(text).map((item): Site | undefined => {
    const [name, hosts] = item.split("=");
    const isHost = (host: string): boolean => /^[a-z0-9.-]{1,253}$/.test(host);
    const list = hosts === undefined ? [name ?? ""] : hosts.split("|");
    return name !== undefined && isHost(name) && list.every(isHost) ? { name, hosts: list } : undefined;
  });
  const good = sites.filter((site) => site !== undefined);
  return good.length === sites.length && good.length > 0 ? good : undefined;
}

/** Reads a comma list of addresses and CIDR ranges. */
export function proxyList(text: string): readonly string[] | undefined {
  const proxies = items(text);
  return proxies.every((proxy) => ipaddr.isValid(proxy) || ipaddr.isValidCIDR(proxy)) ? proxies : undefined;
}

/** Reads `host:port` (IPv6 in brackets); null for `off`. */
export function listenAddress(text: string): { readonly host: string; readonly port: number } | null | undefined {
  if (text === "off") return null;
  const [, host = "", port = ""] = /^(?:\[([0-9a-f:]+)\]|([^:\s]+)):(\d{1,5})$/i.exec(text)?.filter(isGiven) ?? [];
  const isHost = host === "localhost" || isIP(host) !== 0;
  return isHost && Number(port) <= 65_535 ? { host, port: Number(port) } : undefined;
}

function isGiven(part: string | undefined): part is string {
  return part !== undefined;
}

/** Reads a number of processes; `auto` is one a core. */
export function workerCount(text: string): number | undefined {
  return text === "auto" ? availableParallelism() : wholeNumber(1, 64)(text);
}

/** Reads a comma list of event names. */
export function nameList(text: string): readonly string[] | undefined {
  const names = items(text);
  return names.every((name) => name.length <= 64) ? names : undefined;
}

/** What may be done about a visitor whose browser asks for privacy. */
const PRIVACY_ANSWERS = ["drop", "no_id", "ignore"] as const;
export type PrivacyAnswer = (typeof PRIVACY_ANSWERS)[number];

/** The answer to privacy signals: of the sites that have their own, and of all others. */
export type PrivacySignals = {
  readonly everywhere: PrivacyAnswer;
  readonly bySite: readonly { readonly site: string; readonly answer: PrivacyAnswer }[];
};

/** Reads `drop,example.com=ignore`: at most one answer without a site (default `drop`), and one for each site named. */
export function privacySignals(text: string): PrivacySignals | undefined {
  const bySite: { site: string; answer: PrivacyAnswer }[] = [];
  let everywhere: PrivacyAnswer | undefined;
  const readAnswer = oneOf(PRIVACY_ANSWERS);
  for (const item of items(text)) {
    const [, site, word = ""] = /^(?:([^=]*)=)?([^=]*)$/.exec(item) ?? [];
    const answer = readAnswer(word);
    const isTwice = site === undefined ? everywhere !== undefined : bySite.some((one) => one.site === site);
    if (answer === undefined || isTwice) return undefined;
    if (site === undefined) everywhere = answer;
    else bySite.push({ site, answer });
  }
  return { everywhere: everywhere ?? "drop", bySite };
}

/** What has to be known to set a deployment up: four answers, each checked as the file that it ends up in will check it. */
import { PasserbyError } from "../errors.ts";
import { originList, wholeNumber } from "../setting-parsers.ts";

export type Answers = {
  /** Origins whose pages may send events; the first is the site's. */
  readonly origins: readonly string[];
  /** Host name of the collector. */
  readonly domain: string;
  /** Who is responsible, for the privacy page; undefined: the page says nothing of it. */
  readonly contact: string | undefined;
  readonly retentionDays: number;
};

/** As nginx's template allows it (deploy/edge/docker-entrypoint.d), one name. */
const DOMAIN = /^(?=.{4,253}$)[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)+$/;
const MAX_RETENTION_DAYS = 3650;

/**
 * Reads the origins of the site: `example.com`, `https://example.com` or several with commas. A bare name gets its www name
 * beside it and the other way round, since visitors come by both. Throws `setting_invalid`.
 */
export function readOrigins(text: string): readonly string[] {
  const given = text
    .split(",")
    .map((part) => part.trim().replace(/\/$/, ""))
    .filter((part) => part !== "")
    .map((part) => (part.includes("://") ? part : `https://${part}`));
  const origins = originList(given.join(","));
  const plain = origins?.find((origin) => !origin.startsWith("https://"));
  if (origins === undefined || origins.length === 0 || plain !== undefined) {
    throw new PasserbyError(
      "setting_invalid",
      `${plain ?? text} is not the address of a site: give one such as https://example.com (https only, without a path)`,
    );
  }
  return [...new Set(origins.flatMap(withSister))];
}

/** Reads the name of the collector. Throws `setting_invalid`. */
export function readDomain(text: string): string {
  const domain = text.trim().toLowerCase();
  if (DOMAIN.test(domain)) return domain;
  throw new PasserbyError(
    "setting_invalid",
    `${text} is not a host name: give one such as metrics.example.com, without https:// and path`,
  );
}

/** Reads for how long events are kept. Throws `setting_invalid`. */
export function readRetentionDays(text: string): number {
  const days = wholeNumber(1, MAX_RETENTION_DAYS)(text.trim());
  if (days !== undefined) return days;
  throw new PasserbyError(
    "setting_invalid",
    `${text} is no number of days: give a whole number from 1 to ${MAX_RETENTION_DAYS}, such as 30`,
  );
}

/** The name that is suggested for the collector: beside the site, so that it is of the same owner for browsers. */
export function suggestDomain(origins: readonly string[]): string {
  const host = new URL(origins[0] ?? "https://example.com").hostname;
  return `metrics.${host.replace(/^www\./, "")}`;
}

/** Only a name of two labels surely has a www name of its own; `shop.example.com` has none as a rule. */
function withSister(origin: string): readonly string[] {
  const { hostname, port } = new URL(origin);
  const isOther = port !== "" || origin.includes("*");
  if (isOther) return [origin];
  if (hostname.startsWith("www.")) return [origin, `https://${hostname.slice("www.".length)}`];
  return hostname.split(".").length === 2 ? [origin, `https://www.${hostname}`] : [origin];
}

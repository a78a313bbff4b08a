/**
 * Makes a page view out of a request in an access log, with the same functions that live events pass: identity,
 * robots, scrubbing, browser, source. The address and the user agent stay in this file's locals.
 */

import { utcDay } from "../clock.ts";
import type { AgentReader } from "../collector/enrichment/enrich.ts";
import { findSource } from "../collector/enrichment/source.ts";
import { deriveVisitorId } from "../collector/identity/identify.ts";
import type { SaltKey } from "../collector/identity/salt-key.ts";
import { scrubReferrer, scrubUrl } from "../collector/privacy/scrub.ts";
import type { AcceptedEvent } from "../event.ts";
import type { AccessRequest } from "./access-line.ts";

/**
 * Endings of what a page is made of and of what is downloaded; a request for one is no page view. The closed list,
 * documented in docs/reference/imports.md; the sets that the log importers of Matomo and GoatCounter leave out.
 */
export const ASSET_EXTENSIONS: ReadonlySet<string> = new Set(
  [
    "css js mjs cjs map json xml xsl xslt wasm webmanifest txt csv rss atom",
    "png jpg jpeg gif svg svgz webp avif ico bmp tif tiff cur woff woff2 ttf otf eot swf class",
    "mp3 mp4 m4a m4v ogg oga ogv webm wav flac aac avi mov mpg mpeg mkv wmv flv",
    "pdf doc docx xls xlsx ppt pptx odt ods odp rtf epub mobi ics",
    "zip gz tgz bz2 tbz xz 7z rar tar jar deb rpm dmg pkg exe msi apk iso bin torrent",
  ].flatMap((line) => line.split(" ")),
);

const URL_LENGTH = 2048;

/** Why a request is no page view. */
export const SKIP_REASONS = ["not_get", "not_ok", "asset", "no_path"] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** Says why a request is no page view: a GET answered 200 or 304 whose path has no asset extension. */
export function reasonToSkip({ method, status, target }: AccessRequest): SkipReason | undefined {
  if (method !== "GET") return "not_get";
  if (status !== 200 && status !== 304) return "not_ok";
  const path = pathOf(target);
  if (path === undefined) return "no_path";
  const extension = /\.([A-Za-z0-9]{1,12})$/.exec(path)?.[1];
  return extension !== undefined && ASSET_EXTENSIONS.has(extension.toLowerCase()) ? "asset" : undefined;
}

/** What makes the events of one import. */
export type PageViewMaker = {
  readonly site: string;
  /** Host names of the site; visits from them have no source. */
  readonly siteHosts: readonly string[];
  readonly agents: AgentReader;
  /** Returns the throw-away salt of a UTC day (`2026-11-23`). */
  readonly saltOf: (day: string) => SaltKey;
};

/** Makes the event of a request that `reasonToSkip` let through. */
export function toPageView(request: AccessRequest, eventId: string, maker: PageViewMaker): AcceptedEvent {
  const { address, userAgent, timeMs } = request;
  const time = new Date(timeMs).toISOString();
  const url = `https://${maker.site}${targetOf(request.target)}`;
  const scrubbed = scrubUrl(url).value.slice(0, URL_LENGTH);
  const referrer = scrubReferrer(request.referrer).value.slice(0, URL_LENGTH);
  const traits = { site: maker.site, address, userAgent };
  return {
    event: "page_view",
    visitorId: deriveVisitorId(maker.saltOf(utcDay(timeMs)), traits),
    timestamp: time,
    metadata: {},
    eventId,
    site: maker.site,
    url: scrubbed,
    ...(referrer === "" ? {} : { referrer }),
    sampleRate: 1,
    receivedAt: time,
    serverSampleRate: 1,
    ...maker.agents(userAgent),
    ...findSource({ url, referrer: request.referrer, siteHosts: maker.siteHosts }),
  };
}

function pathOf(target: string): string | undefined {
  const path = targetOf(target);
  const end = path.search(/[?#]/);
  return path.startsWith("/") ? (end < 0 ? path : path.slice(0, end)) : undefined;
}

/** Path and query; a proxy's request has the whole address (RFC 9112, section 3.2.2). */
function targetOf(target: string): string {
  if (target.startsWith("/")) return target;
  const match = /^https?:\/\/[^/?#]*([/?#].*)?$/i.exec(target);
  if (match === null) return "";
  return match[1]?.startsWith("/") ? match[1] : `/${match[1] ?? ""}`;
}

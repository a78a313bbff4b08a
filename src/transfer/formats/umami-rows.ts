/** Makes events out of rows of Umami's `website_event`: page views and custom events, nothing that names a visitor. */
import { utcDay } from "../../clock.ts";
import { findSource } from "../../collector/enrichment/source.ts";
import { deriveVisitorId } from "../../collector/identity/identify.ts";
import { parseTimestamp } from "../../collector/intake/decode.ts";
import { scrubReferrer, scrubText, scrubUrl } from "../../collector/privacy/scrub.ts";
import { type AcceptedEvent, type Device, eventInputSchema } from "../../event.ts";
import type { EventMaker } from "./event-records.ts";

type Cells = Readonly<Record<string, string>>;

/** Why a row makes no event: `skipped` is one that is none on purpose. */
export type NoEvent = { readonly reason: string } | { readonly skipped: "other_type" };

/** Columns without which nothing can be imported. */
export const UMAMI_COLUMNS = ["session_id", "created_at", "url_path", "event_type"] as const;

const BROWSERS: Readonly<Record<string, string>> = {
  ...{ chrome: "Chrome", "chromium-webview": "Chrome WebView", crios: "Chrome", edge: "Edge", "edge-chromium": "Edge" },
  ...{
    "edge-ios": "Edge",
    facebook: "Facebook",
    firefox: "Firefox",
    fxios: "Firefox",
    ie: "IE",
    instagram: "Instagram",
  },
  ...{ ios: "Safari", "ios-webview": "Safari WebView", opera: "Opera", "opera-mini": "Opera Mini", safari: "Safari" },
  ...{ samsung: "Samsung Internet", silk: "Amazon Silk", yandexbrowser: "Yandex", brave: "Brave" },
};

const SYSTEMS: Readonly<Record<string, string>> = { "mac os": "macOS", "android os": "Android", ios: "iOS" };

const DEVICES: Readonly<Record<string, Device>> = {
  ...{ desktop: "desktop", laptop: "desktop", mobile: "mobile", tablet: "tablet", smarttv: "tv" },
};

const { screen, language, event_id: eventIdShape } = eventInputSchema.properties;
const SCREEN = new RegExp(screen.pattern);
const LANGUAGE = new RegExp(language.pattern);
const UUID = new RegExp(eventIdShape.pattern);
const MAX_URL = 2048;
const MAX_TITLE = 256;

/** Makes the event of a row; `eventId` is for one without an id. */
export function toUmamiEvent(cells: Cells, eventId: string, maker: EventMaker): AcceptedEvent | NoEvent {
  const timeMs = parseUmamiTime(textOf(cells, "created_at"));
  if (timeMs === undefined) return { reason: "created_at is no time" };
  const visitor = textOf(cells, "session_id");
  if (visitor === "") return { reason: "session_id is empty" };
  const type = textOf(cells, "event_type");
  if (type !== "1" && type !== "2") return { skipped: "other_type" };
  const name = type === "1" ? "page_view" : textOf(cells, "event_name").trim();
  if (name === "" || name.length > eventInputSchema.properties.event.maxLength) {
    return { reason: "event_name is not 1 to 64 characters" };
  }
  const time = new Date(timeMs).toISOString();
  const id = textOf(cells, "event_id");
  const traits = { site: maker.site, address: visitor, userAgent: "" };
  return {
    event: scrubText(name).value,
    visitorId: deriveVisitorId(maker.saltOf(utcDay(timeMs)), traits),
    timestamp: time,
    metadata: metadataOf(textOf(cells, "tag")),
    eventId: UUID.test(id) ? id.toLowerCase() : eventId,
    site: maker.site,
    ...pageOf(cells, maker),
    ...clientOf(cells),
    sampleRate: 1,
    receivedAt: time,
    serverSampleRate: 1,
    isBot: false,
  };
}

/** PostgreSQL writes `2024-01-15 10:23:45.123+00`, MySQL and ClickHouse leave out the offset: all of it is UTC. */
function parseUmamiTime(text: string): number | undefined {
  const [, day, time, offset = "Z"] =
    /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d{1,9})?) ?(Z|[+-]\d\d(?::?\d\d)?)?$/.exec(text) ?? [];
  if (day === undefined || time === undefined) return undefined;
  return parseTimestamp(`${day}T${time}${offset.length === 3 ? `${offset}:00` : offset}`);
}

function pageOf(
  cells: Cells,
  maker: EventMaker,
): Pick<AcceptedEvent, "url" | "referrer" | "title" | "source" | "channel"> {
  const query = textOf(cells, "url_query").replace(/^\?/, "");
  const path = textOf(cells, "url_path");
  const url = `https://${hostOf(textOf(cells, "hostname"), maker)}${path.startsWith("/") ? "" : "/"}${path}${query === "" ? "" : `?${query}`}`;
  const domain = textOf(cells, "referrer_domain");
  const referrer = domain === "" ? "" : `https://${domain}${textOf(cells, "referrer_path")}`;
  const scrubbed = scrubReferrer(referrer).value.slice(0, MAX_URL);
  const title = scrubText(textOf(cells, "page_title")).value.slice(0, MAX_TITLE);
  return {
    url: scrubUrl(url).value.slice(0, MAX_URL),
    ...(scrubbed !== "" && { referrer: scrubbed }),
    ...(title !== "" && { title }),
    ...findSource({ url, ...(referrer !== "" && { referrer }), siteHosts: maker.siteHosts }),
  };
}

function hostOf(hostname: string, { site }: EventMaker): string {
  return /^[a-z0-9.-]{1,253}$/i.test(hostname) ? hostname : site;
}

function clientOf(
  cells: Cells,
): Pick<AcceptedEvent, "screen" | "language" | "browser" | "os" | "device" | "country" | "region"> {
  const [browser, os] = [textOf(cells, "browser"), textOf(cells, "os")];
  const [size, tag] = [textOf(cells, "screen"), textOf(cells, "language")];
  const country = textOf(cells, "country").toUpperCase();
  const region = textOf(cells, "region") || textOf(cells, "subdivision1");
  return {
    ...(SCREEN.test(size) && { screen: size }),
    ...(LANGUAGE.test(tag) && tag.length <= language.maxLength && { language: tag }),
    ...(browser !== "" && { browser: lookUp(BROWSERS, browser) ?? browser }),
    ...(os !== "" && { os: lookUp(SYSTEMS, os.toLowerCase()) ?? os.replace(/^(Windows) .*$/, "$1") }),
    device: lookUp(DEVICES, textOf(cells, "device")) ?? "unknown",
    ...(/^[A-Z]{2}$/.test(country) && { country }),
    ...(/^[A-Z]{2}-[A-Z0-9]{1,3}$/.test(region) && { region }),
  };
}

function metadataOf(tag: string): Readonly<Record<string, unknown>> {
  return tag === "" ? {} : { tag: scrubText(tag).value };
}

/** An empty text for a column that is not there; ClickHouse and MySQL write NULL as `\N`. */
function textOf(cells: Cells, name: string): string {
  const text = cells[name] ?? "";
  return text === "\\N" || text === "NULL" ? "" : text;
}

function lookUp<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** What the store derives from an event when it is loaded: pure functions of the event alone. */
import { PASSIVE_EVENTS, SMOKE_EVENT, SMOKE_VISITOR_PREFIX, type StoredEvent } from "../event.ts";
import type { DerivedColumn, EventColumn } from "./schema.ts";

/** A value on its way into the staging table. */
export type StagedValue = string | number | boolean | null;

const PASSIVE: ReadonlySet<string> = new Set(PASSIVE_EVENTS);
/** How the name of a writer begins that imports; the dataset's name follows. */
export const IMPORT_WRITER_PREFIX = "import-";

const DERIVE: { readonly [Column in DerivedColumn]: (event: StoredEvent) => StagedValue } = {
  p: inclusionProbability,
  path: pagePath,
  is_passive: (event) => PASSIVE.has(event.event),
  is_smoke: isSmokeEvent,
  dataset: (event) =>
    event.writer.startsWith(IMPORT_WRITER_PREFIX) ? event.writer.slice(IMPORT_WRITER_PREFIX.length) : null,
};

/** Says whether an event belongs to a smoke test: by its name or by its visitor. */
export function isSmokeEvent(event: StoredEvent): boolean {
  return event.event === SMOKE_EVENT || event.visitorId.startsWith(SMOKE_VISITOR_PREFIX);
}

/** The probability with which this event came to be stored: both draws are independent. Smoke events skip both. */
export function inclusionProbability(event: StoredEvent): number {
  return isSmokeEvent(event) ? 1 : event.sampleRate * event.serverSampleRate;
}

/**
 * The path of the page: that of `url`, else `metadata.path` as the tracker gives it; null without either. Query and
 * fragment are left out, case and a closing slash are kept: they may be different pages.
 */
export function pagePath(event: StoredEvent): string | null {
  if (event.url !== undefined) return pathOfUrl(event.url);
  const path = "path" in event.metadata ? event.metadata.path : undefined;
  return typeof path === "string" ? withoutQuery(path) || null : null;
}

/** Cut by hand: `new URL` takes 20 times as long, and the collector has parsed it already. */
function pathOfUrl(url: string): string | null {
  const host = url.indexOf("://");
  if (host < 0) return null;
  const rest = withoutQuery(url.slice(host + 3));
  const slash = rest.indexOf("/");
  return slash < 0 ? "/" : rest.slice(slash);
}

function withoutQuery(text: string): string {
  const end = text.search(/[?#]/);
  return end < 0 ? text : text.slice(0, end);
}

/** Returns the function that reads one column's staged value from an event: times as milliseconds, objects as JSON. */
export function columnReader({ origin, type }: EventColumn): (event: StoredEvent) => StagedValue {
  if ("derived" in origin) return DERIVE[origin.derived];
  const { field } = origin;
  if (type === "TIMESTAMP") return (event) => Date.parse(String(event[field]));
  return (event) => {
    const value = event[field];
    if (value === undefined) return null;
    return typeof value === "object" ? toWellFormedJson(value) : value;
  };
}

/** Stringify escapes a surrogate only where it is alone, which DuckDB refuses to read; U+FFFD stands for it. */
function toWellFormedJson(value: object): string {
  const json = JSON.stringify(value);
  if (!json.includes("\\ud")) return json;
  return json.replace(/\\(?:u(d[89a-f][0-9a-f]{2})|.)/g, (sequence, surrogate) => (surrogate ? "\ufffd" : sequence));
}

/**
 * Makes events out of the sums that Plausible exports by day. A sum cannot become what happened: these events are made
 * up so that they add up to it, say so in their metadata, and promise no more than docs/reference/imports.md does.
 *
 * A row of n page views by v visitors becomes n events of v made-up visitors at noon UTC. The visitors of a day are one
 * numbered set, `plausible-2023-02-09-1` and so on. Where it is known how many the day had, each row goes on where the
 * row before it ended and begins again at the end, so that rows and day both have their numbers; where it is not, every
 * row begins at 1, so that the day has as many as its largest row: at least as many there were.
 */
import { scrubText, scrubUrl } from "../../collector/privacy/scrub.ts";
import { type AcceptedEvent, eventInputSchema } from "../../event.ts";
import { importedEventId } from "../import-id.ts";

type Cells = Readonly<Record<string, string>>;

/** One row, read: what its events have in common and how many of them and of visitors there are. */
export type PlausibleRow = {
  readonly day: string;
  readonly event: string;
  readonly url: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly visitors: number;
  readonly events: number;
};

export type PlausibleTable = "imported_pages" | "imported_custom_events";

/** The tables that can be read, and the columns that each needs. */
export const PLAUSIBLE_TABLES: Readonly<Record<PlausibleTable, readonly string[]>> = {
  imported_pages: ["date", "page", "visitors", "pageviews"],
  imported_custom_events: ["date", "name", "visitors", "events"],
};

/** More events than a page has in a day: a damaged number must not fill the disk. */
const MAX_ROW_EVENTS = 10_000_000;
const MAX_URL = 2048;
const MARK = { made_of: "plausible" } as const;

/** Reads a row of a table; `site` stands for a host name that is missing. */
export function readPlausibleRow(
  table: PlausibleTable,
  cells: Cells,
  site: string,
): PlausibleRow | { readonly reason: string } {
  const day = cells["date"] ?? "";
  if (!isDay(day)) return { reason: "date is no day such as 2023-02-09" };
  const visitors = countOf(cells["visitors"]);
  const events = countOf(cells[table === "imported_pages" ? "pageviews" : "events"]);
  if (visitors === undefined || events === undefined) {
    return { reason: `visitors and events are not whole numbers up to ${MAX_ROW_EVENTS}` };
  }
  const facts = table === "imported_pages" ? pageFacts(cells, site) : eventFacts(cells, site);
  return "reason" in facts ? facts : { day, visitors, events, ...facts };
}

type Facts = Pick<PlausibleRow, "event" | "url" | "metadata">;

function pageFacts(cells: Cells, site: string): Facts | { readonly reason: string } {
  const page = cells["page"] ?? "";
  if (page === "") return { reason: "page is empty" };
  return { event: "page_view", url: addressOf(cells["hostname"] ?? "", page, site), metadata: MARK };
}

function eventFacts(cells: Cells, site: string): Facts | { readonly reason: string } {
  const event = scrubText((cells["name"] ?? "").trim()).value;
  if (event === "" || event.length > eventInputSchema.properties.event.maxLength) {
    return { reason: "name is not 1 to 64 characters" };
  }
  const [link, path] = [cells["link_url"] ?? "", cells["path"] ?? ""];
  return {
    event,
    url: path === "" ? undefined : addressOf("", path, site),
    metadata: { ...MARK, ...(link !== "" && { url: scrubUrl(link).value.slice(0, MAX_URL) }) },
  };
}

function addressOf(hostname: string, page: string, site: string): string {
  const host = /^[a-z0-9.-]{1,253}$/i.test(hostname) ? hostname : site;
  return scrubUrl(`https://${host}${page.startsWith("/") ? "" : "/"}${page}`).value.slice(0, MAX_URL);
}

function isDay(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text)
  );
}

/** Reads a number of events or visitors; undefined for what is none, or too large to be one. */
export function countOf(text: string | undefined): number | undefined {
  const count = /^\d{1,8}$/.test(text ?? "") ? Number(text) : undefined;
  return count !== undefined && count <= MAX_ROW_EVENTS ? count : undefined;
}

/** Gives the rows of a file their visitors. */
export class VisitorPool {
  private readonly visitorsOfDay: ReadonlyMap<string, number>;
  private readonly next = new Map<string, number>();

  /** `visitorsOfDay` says how many each day had, where that is known. */
  constructor(visitorsOfDay: ReadonlyMap<string, number>) {
    this.visitorsOfDay = visitorsOfDay;
  }

  /** Returns where a row's visitors begin among those of its day, from 0, and how many the day has. */
  take({ day, visitors }: PlausibleRow): { readonly from: number; readonly size: number } {
    const known = this.visitorsOfDay.get(day);
    if (known === undefined || known <= visitors) return { from: 0, size: Math.max(visitors, 1) };
    const from = this.next.get(day) ?? 0;
    this.next.set(day, (from + visitors) % known);
    return { from, size: known };
  }
}

/** Yields the events of a row; `first` is the number of the first among those of the file. */
export function* makeEvents(
  row: PlausibleRow,
  place: { readonly from: number; readonly size: number; readonly key: string; readonly first: number },
  site: string,
): Generator<AcceptedEvent, void, void> {
  const time = `${row.day}T12:00:00.000Z`;
  for (let index = 0; index < row.events; index += 1) {
    const visitor = (place.from + (index % Math.max(row.visitors, 1))) % place.size;
    yield {
      event: row.event,
      visitorId: `plausible-${row.day}-${visitor + 1}`,
      timestamp: time,
      metadata: row.metadata,
      eventId: importedEventId(place.key, place.first + index),
      site,
      ...(row.url !== undefined && { url: row.url }),
      sampleRate: 1,
      receivedAt: time,
      serverSampleRate: 1,
      device: "unknown",
      isBot: false,
    };
  }
}

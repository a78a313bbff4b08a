/**
 * Reads events from records: JSON objects under the names of the wire. It promises that a record is taken by the rules of
 * whoever made it, or refused with a reason that repeats nothing of it.
 *
 * A record with `v` is one of our own export, or a line of a log: it is held to what the log holds and kept as it is,
 * with its ids and what the collector added. Every other record is held to the bounds of the collector (event.ts),
 * scrubbed and classified as the collector would; its visitor and session become ids under the import's throw-away salt
 * of the day. Whoever runs the command has the rights of a key: any time, any rate.
 */
import { Compile } from "typebox/compile";
import { utcDay } from "../../clock.ts";
import type { AgentReader } from "../../collector/enrichment/enrich.ts";
import { findSource } from "../../collector/enrichment/source.ts";
import { deriveVisitorId } from "../../collector/identity/identify.ts";
import { createAddressChecks } from "../../collector/intake/address-checks.ts";
import { isRecord, parseTimestamp } from "../../collector/intake/decode.ts";
import { describeField, describeMetadataProblem } from "../../collector/intake/field-problems.ts";
import { scrubMetadata, scrubReferrer, scrubText, scrubUrl } from "../../collector/privacy/scrub.ts";
import { type AcceptedEvent, BOUNDS, type EventInput, eventInputSchema } from "../../event.ts";
import { decodeLine, isStoredEvent } from "../../log/read/decode-line.ts";
import type { DaySalts } from "../day-salts.ts";

/** What makes events of an import. */
export type EventMaker = {
  /** The site of records that name none, and its host names. */
  readonly site: string;
  readonly siteHosts: readonly string[];
  readonly agents: AgentReader;
  readonly saltOf: DaySalts;
};

/** A record that is no event. */
export type BadRecord = { readonly reason: string };

/** Reads one record; `eventId` is for one that has no id. */
export type RecordReader = (record: unknown, eventId: string) => AcceptedEvent | BadRecord;

const validator = Compile(eventInputSchema);

type Foreign = EventInput & { readonly visitor_id: string; readonly timestamp: string };

/** Makes a reader of records. */
export function createRecordReader(maker: EventMaker): RecordReader {
  const addresses = createAddressChecks();
  return (record, eventId) => {
    if (!isRecord(record)) return { reason: "is not a JSON object" };
    if ("v" in record) return readOwn(record);
    const trimmed = trimNames(record);
    const reason = findUnknownField(trimmed) ?? findFieldProblem(trimmed);
    if (reason !== undefined) return { reason };
    if (!isForeign(trimmed)) return { reason: "/timestamp or /visitor_id is missing: both are needed" };
    const problem = findProblem(trimmed, addresses);
    return problem === undefined ? toEvent(trimmed, eventId, maker) : { reason: problem };
  };
}

/** Says whether a record was no event. */
export function isBadRecord(read: AcceptedEvent | BadRecord): read is BadRecord {
  return "reason" in read;
}

/** The log's own reader judges; the place that the line had in its log means nothing here. */
function readOwn(record: Readonly<Record<string, unknown>>): AcceptedEvent | BadRecord {
  const decoded = decodeLine(JSON.stringify({ ...record, seq: 0, writer: "import", start: "import" }));
  if (!isStoredEvent(decoded)) return { reason: decoded.message };
  const { v, seq, writer, start, ...event } = decoded;
  return event;
}

function trimNames(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { event, visitor_id: visitor } = record;
  return {
    ...record,
    ...(typeof event === "string" && { event: event.trim() }),
    ...(typeof visitor === "string" && { visitor_id: visitor.trim() }),
  };
}

function findUnknownField(record: Readonly<Record<string, unknown>>): string | undefined {
  const isKnown = Object.keys(record).every((name) => Object.hasOwn(eventInputSchema.properties, name));
  return isKnown ? undefined : "has a field that is none of an event: put fields of your own into metadata";
}

function findFieldProblem(record: Readonly<Record<string, unknown>>): string | undefined {
  if (validator.Check(record)) return undefined;
  const error = validator.Errors(record)[0];
  const name = error?.keyword === "required" ? "event" : (error?.instancePath.split("/")[1] ?? "event");
  return `/${name} ${describeField(name, record[name])}`;
}

/** The schema has been asked before. */
function isForeign(record: Readonly<Record<string, unknown>>): record is Foreign {
  return "visitor_id" in record && "timestamp" in record;
}

function findProblem(record: Foreign, addresses: ReturnType<typeof createAddressChecks>): string | undefined {
  const metadataProblem = record.metadata === undefined ? undefined : describeMetadataProblem(record.metadata);
  if (metadataProblem !== undefined) return `/metadata ${metadataProblem}`;
  if (parseTimestamp(record.timestamp) === undefined) {
    return "/timestamp must be an ISO 8601 date and time with an offset";
  }
  if (record.url !== undefined && !addresses.isPage(record.url)) return "/url must be an absolute http or https URL";
  if (record.referrer && !addresses.isReferrer(record.referrer)) return "/referrer must be an absolute URL";
  return undefined;
}

function toEvent(record: Foreign, eventId: string, maker: EventMaker): AcceptedEvent {
  const timeMs = parseTimestamp(record.timestamp) ?? 0;
  const time = new Date(timeMs).toISOString();
  const salt = maker.saltOf(utcDay(timeMs));
  const site = record.site ?? maker.site;
  const agent = maker.agents((record.user_agent ?? "").slice(0, BOUNDS.userAgentLength));
  const hide = (id: string): string => deriveVisitorId(salt, { site, address: id, userAgent: "" });
  return {
    event: scrubText(record.event).value,
    visitorId: hide(record.visitor_id),
    timestamp: time,
    metadata: scrubMetadata(record.metadata ?? {}).value,
    eventId: record.event_id ?? eventId,
    site,
    ...scrubbedTexts(record),
    ...(record.screen !== undefined && { screen: record.screen }),
    ...(record.language !== undefined && { language: record.language }),
    ...(record.session_id !== undefined && { sessionId: hide(`session ${record.session_id}`) }),
    sampleRate: record.sample_rate ?? 1,
    ...(record.bucket !== undefined && { bucket: record.bucket }),
    receivedAt: time,
    serverSampleRate: 1,
    ...agent,
    ...findSource({ url: record.url, referrer: record.referrer, siteHosts: maker.siteHosts }),
  };
}

function scrubbedTexts({ url, referrer, title }: Foreign): Pick<AcceptedEvent, "url" | "referrer" | "title"> {
  const scrubbedReferrer = referrer ? scrubReferrer(referrer).value : "";
  return {
    ...(url !== undefined && { url: scrubUrl(url).value }),
    ...(scrubbedReferrer !== "" && { referrer: scrubbedReferrer }),
    ...(title ? { title: scrubText(title).value } : {}),
  };
}

/** Writes events as lines of the log: one line of well-formed JSON each, fields in the order of EVENT_FIELDS. */
import type { AcceptedEvent, LogLine } from "../../event.ts";

/** Version of the line format that this code writes, and the newest it reads. */
export const LINE_VERSION = 1;

/** Who writes, and the number that its next line gets. */
export type WriterPosition = { readonly writer: string; readonly start: string; readonly seq: number };

/** A line as JSON.stringify takes it; a field that is added to the contract and forgotten here does not compile. */
type Line = { readonly [Wire in keyof LogLine]-?: LogLine[Wire] | undefined };

/**
 * Returns the lines of a batch, numbered on from `position.seq`, each ended by `\n`. Fields that are undefined are left
 * out. A lone surrogate becomes U+FFFD: as an escape it would be valid JSON that most databases refuse to read.
 * About 1 µs an event: one literal and one JSON.stringify take half of what a loop over the fields takes, and give a
 * string that need not be flattened to be copied (bench/log-append.ts).
 */
export function encodeLines(events: readonly AcceptedEvent[], position: WriterPosition): string {
  let lines = "";
  let { seq } = position;
  for (const event of events) lines += `${JSON.stringify(toLine(event, { ...position, seq: seq++ }))}\n`;
  return lines.includes("\\ud") ? replaceLoneSurrogates(lines) : lines;
}

/** In the order of EVENT_FIELDS, which the lines follow. */
function toLine(event: AcceptedEvent, { writer, start, seq }: WriterPosition): Line {
  return {
    v: LINE_VERSION,
    seq,
    writer,
    start,
    event: event.event,
    visitor_id: event.visitorId,
    timestamp: event.timestamp,
    metadata: event.metadata,
    event_id: event.eventId,
    site: event.site,
    url: event.url,
    referrer: event.referrer,
    title: event.title,
    screen: event.screen,
    language: event.language,
    session_id: event.sessionId,
    sample_rate: event.sampleRate,
    bucket: event.bucket,
    user_agent: event.userAgent,
    received_at: event.receivedAt,
    server_sample_rate: event.serverSampleRate,
    clock: event.clock,
    browser: event.browser,
    browser_version: event.browserVersion,
    os: event.os,
    os_version: event.osVersion,
    device: event.device,
    country: event.country,
    region: event.region,
    channel: event.channel,
    source: event.source,
    is_bot: event.isBot,
  };
}

/** Returns what a line begins with that stands at a position: no two lines of a log begin the same. */
export function encodePosition({ seq, writer, start }: WriterPosition): string {
  return JSON.stringify({ v: LINE_VERSION, seq, writer, start }).slice(0, -1);
}

/** Returns the line that stands where an event was erased: its place and nothing else; no place where it had none. */
export function encodeErased(position: WriterPosition | undefined): string {
  const place = position === undefined ? `{"v":${LINE_VERSION}` : encodePosition(position);
  return `${place},"erased":true}\n`;
}

/** JSON.stringify writes a surrogate as an escape only where it is alone; each escape is read whole, so `\\ud800` stays. */
function replaceLoneSurrogates(json: string): string {
  return json.replace(/\\(?:u(d[89a-f][0-9a-f]{2})|.)/g, (found, surrogate) => (surrogate ? "\ufffd" : found));
}

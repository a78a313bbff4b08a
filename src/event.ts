/**
 * The event contract: what a client may send, what the collector adds, what a line of the log holds, and why an
 * event may be left out. Types, validator, store columns and docs/reference/events.md all derive from the two schemas
 * below. The one other list of an event's fields is the line encoder's, whose type does not let it miss one.
 */
import type { Static } from "typebox";

/** Version of the wire contract (`contract` in a batch envelope) and of a log line (`v`). */
export const CONTRACT_VERSION = 1;

/** Bounds of a request and of the free-form parts of an event that JSON Schema cannot say. */
export const BOUNDS = {
  batchEvents: 500,
  bodyBytes: 65_536,
  inflatedBytes: 524_288,
  /** Arrays and objects inside each other in a body; an event with metadata as deep as it may be takes 9. */
  bodyDepth: 32,
  metadataBytes: 16_384,
  metadataKeys: 64,
  metadataDepth: 6,
  metadataKeyLength: 64,
  userAgentLength: 256,
  /** 5 minutes. */
  futureMs: 300_000,
  /** 24 hours. */
  pastMs: 86_400_000,
} as const;

/** One event as a client may send it (JSON Schema 2020-12). `x-` keywords feed the store and the reference page. */
export const eventInputSchema = {
  type: "object",
  additionalProperties: false,
  required: ["event"],
  properties: {
    event: {
      type: "string",
      minLength: 1,
      maxLength: 64,
      description: "Name of what happened, for example `page_view` or `signup`. Trimmed.",
      "x-column": "VARCHAR",
      "x-filled-by": "client",
    },
    visitor_id: {
      type: "string",
      minLength: 6,
      maxLength: 64,
      description: "Anonymous id of the visitor. Trimmed. An e-mail address is refused. Left out: derived for the day.",
      "x-column": "VARCHAR",
      "x-filled-by": "client or collector",
    },
    timestamp: {
      type: "string",
      maxLength: 40,
      description:
        "ISO 8601 date and time with an offset. More than 5 min ahead or 24 h behind is clamped to the receive time.",
      "x-column": "TIMESTAMP",
      "x-filled-by": "client or collector",
    },
    metadata: {
      type: "object",
      additionalProperties: true,
      description: "JSON object of your own: at most 64 keys in all, 6 levels, 16 KiB; keys of 1 to 64 characters.",
      "x-column": "JSON",
      "x-filled-by": "client",
    },
    event_id: {
      type: "string",
      pattern: "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
      description: "UUID, the idempotency key: the same id is counted once.",
      "x-column": "UUID",
      "x-filled-by": "client or collector",
    },
    site: {
      type: "string",
      minLength: 1,
      maxLength: 253,
      description: "Name of a configured site. Left out: taken from `Origin`, `Referer`, `url`, then the default site.",
      "x-column": "VARCHAR",
      "x-filled-by": "client or collector",
    },
    url: {
      type: "string",
      maxLength: 2048,
      description: "Absolute http(s) address of the page. Its query is cut to `utm_*`, `ref` and `source`.",
      "x-column": "VARCHAR",
      "x-filled-by": "client",
    },
    referrer: {
      type: "string",
      maxLength: 2048,
      description: "Absolute address of the page that led here, cut to origin and path.",
      "x-column": "VARCHAR",
      "x-filled-by": "client",
    },
    title: {
      type: "string",
      maxLength: 256,
      description: "Title of the page.",
      "x-column": "VARCHAR",
      "x-filled-by": "client",
    },
    screen: {
      type: "string",
      pattern: "^[0-9]{1,5}x[0-9]{1,5}$",
      description: 'Screen size in CSS pixels, `"1440x900"`.',
      "x-column": "VARCHAR",
      "x-filled-by": "client",
    },
    language: {
      type: "string",
      minLength: 2,
      maxLength: 35,
      pattern: "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
      description: "BCP 47 language tag. Left out: the first of `Accept-Language`.",
      "x-column": "VARCHAR",
      "x-filled-by": "client or collector",
    },
    session_id: {
      type: "string",
      minLength: 6,
      maxLength: 64,
      description: "Id of the session. Left out: sessions are derived by 30 min of inactivity.",
      "x-column": "VARCHAR",
      "x-filled-by": "client",
    },
    sample_rate: {
      type: "number",
      exclusiveMinimum: 0,
      maximum: 1,
      description: "Share of visitors that the client keeps, and kept this one with. Default 1.",
      "x-column": "DOUBLE",
      "x-filled-by": "client or collector",
    },
    bucket: {
      type: "string",
      enum: ["page"],
      description: '`"page"`: the sampling draw was made for this page only.',
      "x-column": "VARCHAR",
      "x-filled-by": "client",
    },
    user_agent: {
      type: "string",
      description:
        "User agent, cut at 256: with a key the event's own, without one the request header. Read, then dropped unless `METRICS_KEEP_USER_AGENT=true`.",
      "x-column": "VARCHAR",
      "x-filled-by": "collector",
    },
  },
} as const;

/** What the collector adds to each stored event; never accepted from a client without a key. */
export const serverFieldsSchema = {
  type: "object",
  required: ["v", "seq", "writer", "start", "received_at", "server_sample_rate", "device", "is_bot"],
  properties: {
    v: { type: "integer", description: "Version of the line format, now 1.", "x-column": "UTINYINT" },
    seq: {
      type: "integer",
      description: "Number of the line within its writer's start, from 0.",
      "x-column": "UBIGINT",
    },
    writer: {
      type: "string",
      description: "Which writer made the line: `w1`, `w2`, …, `import-NAME`.",
      "x-column": "VARCHAR",
    },
    start: {
      type: "string",
      description: "Id of the writer's start, so that a restart is no gap in `seq`.",
      "x-column": "VARCHAR",
    },
    received_at: { type: "string", description: "When the collector received it (UTC).", "x-column": "TIMESTAMP" },
    server_sample_rate: {
      type: "number",
      description: "Share of visitors that the collector kept.",
      "x-column": "DOUBLE",
    },
    clock: {
      type: "string",
      enum: ["clamped", "corrected"],
      description: "`clamped`: `timestamp` was out of range; `corrected`: the client's clock skew was taken out.",
      "x-column": "VARCHAR",
    },
    browser: { type: "string", description: "Browser family.", "x-column": "VARCHAR" },
    browser_version: { type: "string", description: "Browser major version.", "x-column": "VARCHAR" },
    os: { type: "string", description: "Operating system.", "x-column": "VARCHAR" },
    os_version: { type: "string", description: "Operating system version.", "x-column": "VARCHAR" },
    device: {
      type: "string",
      enum: ["desktop", "mobile", "tablet", "tv", "bot", "unknown"],
      description: "Kind of device.",
      "x-column": "VARCHAR",
    },
    country: {
      type: "string",
      description: "ISO 3166-1 alpha-2 country, `US`, when a geo database is configured.",
      "x-column": "VARCHAR",
    },
    region: {
      type: "string",
      description: "ISO 3166-2 region with its country, `US-CA`, when a geo database is configured.",
      "x-column": "VARCHAR",
    },
    channel: { type: "string", description: "Channel group of the source.", "x-column": "VARCHAR" },
    source: {
      type: "string",
      description: "Where the visit came from: `utm_source`, `ref`, `source`, else the referrer's host.",
      "x-column": "VARCHAR",
    },
    is_bot: { type: "boolean", description: "Made by a robot or an automated browser.", "x-column": "BOOLEAN" },
  },
} as const;

/** A valid event as it came over the wire (snake_case). */
export type EventInput = Static<typeof eventInputSchema>;

type ServerFields = Static<typeof serverFieldsSchema>;
type Ensured = "visitor_id" | "timestamp" | "metadata" | "event_id" | "site" | "sample_rate";

/** A line of the log, as JSON (snake_case). */
export type LogLine = EventInput & Required<Pick<EventInput, Ensured>> & ServerFields;

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;
type CamelKeys<T> = { readonly [K in keyof T as K extends string ? Camel<K> : never]: T[K] };

/** A stored event inside the code (camelCase). */
export type StoredEvent = CamelKeys<LogLine>;

/** What the log itself adds on append. */
export type LinePosition = Pick<StoredEvent, "v" | "seq" | "writer" | "start">;

/** An event that has passed the pipeline and waits to be appended. */
export type AcceptedEvent = Omit<StoredEvent, keyof LinePosition>;

/** The kinds of device, from the most to the least usual. */
export type Device = StoredEvent["device"];

/** One field of a stored event: its name on the wire, in the code, and its type in the store. */
export type EventField = {
  readonly wire: keyof LogLine;
  readonly key: keyof StoredEvent;
  readonly column: string;
};

function camel(wire: string): string {
  return wire.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function listFields(): readonly EventField[] {
  const { v, seq, writer, start, ...added } = serverFieldsSchema.properties;
  // The position comes first, so that a line says who wrote it before anything a client had a hand in.
  const properties = { v, seq, writer, start, ...eventInputSchema.properties, ...added };
  // The cast says what the schemas above are: their names are the wire's, and camel() is CamelKeys at run time.
  return Object.entries(properties).map(
    ([wire, property]) => ({ wire, key: camel(wire), column: property["x-column"] }) as EventField,
  );
}

/** Every field of a stored event in the order in which a log line holds them; the store's columns follow it. */
export const EVENT_FIELDS: readonly EventField[] = listFields();

/** Why an accepted event was not stored, on purpose. Each is counted and named in the answer. */
export const DROP_REASONS = ["brake", "sampled_out", "bot", "opted_out", "duplicate", "site_off"] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** Why an event was refused. Each is counted; the codes are those of errors.ts. */
export const REFUSAL_REASONS = [
  "invalid_json",
  "invalid_event",
  "key_required",
  "origin_not_allowed",
  "payload_too_large",
  "unsupported_media_type",
  "rate_limited",
  "log_unavailable",
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Events that our tracker sends by itself; their names are no secret of the site. */
export const AUTOMATIC_EVENTS = [
  "page_view",
  "link_click",
  "download",
  "form_submit",
  "scroll_depth",
  "engagement",
  "search",
  "not_found",
  "web_vital",
  "js_error",
  "dev_mode_enabled",
  "dev_mode_disabled",
] as const;

/** Events that happen to a visitor without a decision: they never end a bounce, start a session or count as `events`. */
export const PASSIVE_EVENTS = ["engagement", "scroll_depth", "web_vital", "js_error"] as const;

/** Events of the smoke test: stored with p = 1 and left out of every answer that does not ask for them. */
export const SMOKE_EVENT = "smoke_test";
export const SMOKE_VISITOR_PREFIX = "smoke-";

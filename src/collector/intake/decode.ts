/**
 * The first step: the bytes of a request become a batch of unchecked events. Nothing larger than its bound is ever
 * inflated or parsed, and what cannot be read is refused with the reason.
 */
import { isUtf8 } from "node:buffer";
import { promisify } from "node:util";
import { brotliDecompress, gunzip } from "node:zlib";
import { PasserbyError, systemErrorCode } from "../../errors.ts";
import { BOUNDS, CONTRACT_VERSION } from "../../event.ts";
import { nestsDeeper } from "./nesting.ts";

const inflate = { gzip: promisify(gunzip), br: promisify(brotliDecompress) };

/** What a request held, before any event has been looked at. */
export type Batch = {
  readonly events: readonly unknown[];
  /** When the client says it sent the batch, in milliseconds since 1970; undefined when it does not say. */
  readonly sentAtMs: number | undefined;
  /** Events that the client had to give up before. */
  readonly lost: number;
  /** Version of the contract that the client speaks; a newer one may use fields that we do not know. */
  readonly contract: number;
};

/** Body of a request with the two headers that say how to read it. */
export type EncodedBody = {
  readonly bytes: Buffer;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
};

/**
 * Decodes one event, an array of events, or an envelope. Throws `unsupported_media_type`, `payload_too_large`,
 * `invalid_json` or `invalid_event` (the envelope itself is wrong).
 */
export async function decodeBatch(body: EncodedBody): Promise<Batch> {
  checkContentType(body.contentType);
  return readBatch(await inflateBody(body));
}

/** Reads the batch in a body that is not compressed. Throws `payload_too_large`, `invalid_json` or `invalid_event`. */
export function readBatch(bytes: Buffer): Batch {
  const batch = openEnvelope(parseJson(bytes));
  if (batch.events.length === 0) throw new PasserbyError("invalid_event", "the batch holds no event: send 1 to 500");
  if (batch.events.length > BOUNDS.batchEvents) {
    const message = `the batch holds ${batch.events.length} events, limit ${BOUNDS.batchEvents}: split it`;
    throw new PasserbyError("payload_too_large", message);
  }
  return batch;
}

/** Says whether a content type is one that carries events; parameters such as `charset=utf-8` are allowed. */
function checkContentType(contentType: string | undefined): void {
  const type = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/json" || type === "text/plain") return;
  const got = contentType === undefined ? "none" : JSON.stringify(contentType.slice(0, 80));
  throw new PasserbyError(
    "unsupported_media_type",
    `content type is ${got}: send application/json or text/plain with a JSON body`,
  );
}

/** Returns how a body is compressed; `identity` when it is not. */
export function encodingOf({ contentEncoding }: EncodedBody): string {
  return contentEncoding?.trim().toLowerCase() || "identity";
}

async function inflateBody(body: EncodedBody): Promise<Buffer> {
  const encoding = encodingOf(body);
  if (encoding === "identity") return body.bytes;
  if (encoding !== "gzip" && encoding !== "br") {
    throw new PasserbyError("unsupported_media_type", "content encoding is not known: send gzip, br or none");
  }
  try {
    // gunzip refuses what follows the end by itself, unless it is another member (RFC 1952, section 2.2).
    const rejectGarbageAfterEnd = encoding === "br";
    return await inflate[encoding](body.bytes, { maxOutputLength: BOUNDS.inflatedBytes, rejectGarbageAfterEnd });
  } catch (cause) {
    if (systemErrorCode(cause) === "ERR_BUFFER_TOO_LARGE") {
      const message = `the body inflates to more than ${BOUNDS.inflatedBytes} bytes: split it`;
      throw new PasserbyError("payload_too_large", message, { cause });
    }
    throw new PasserbyError("invalid_json", `the body is not valid ${encoding}: check Content-Encoding`, { cause });
  }
}

function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new PasserbyError("invalid_json", "the body is not UTF-8: encode it as UTF-8");
  // RFC 8259 section 9 lets a parser set a limit; without one, everything that walks the value would need its own.
  if (nestsDeeper(bytes, BOUNDS.bodyDepth)) {
    const message = `the body nests more than ${BOUNDS.bodyDepth} levels deep: flatten it`;
    throw new PasserbyError("invalid_json", message);
  }
  const text = bytes.toString("utf8");
  try {
    // RFC 8259 section 8.1 lets a parser ignore a byte order mark; some editors and exports write one.
    return JSON.parse(text.startsWith("\u{feff}") ? text.slice(1) : text);
  } catch (cause) {
    throw new PasserbyError("invalid_json", "the body is not JSON: check quotes, commas and braces", { cause });
  }
}

const ENVELOPE_FIELDS = ["events", "sent_at", "lost", "contract"] as const;

function openEnvelope(value: unknown): Batch {
  if (Array.isArray(value)) return { events: value, sentAtMs: undefined, lost: 0, contract: CONTRACT_VERSION };
  if (!isRecord(value) || !("events" in value)) {
    return { events: [value], sentAtMs: undefined, lost: 0, contract: CONTRACT_VERSION };
  }
  const contract = value["contract"] ?? CONTRACT_VERSION;
  if (typeof contract !== "number" || !Number.isInteger(contract) || contract < 1) {
    throw envelopeError("contract", "must be a whole number from 1");
  }
  const unknown = Object.keys(value).find((name) => !ENVELOPE_FIELDS.some((known) => known === name));
  if (unknown !== undefined && contract <= CONTRACT_VERSION) throw envelopeError(unknown, "is not a field of a batch");
  if (!Array.isArray(value["events"])) throw envelopeError("events", "must be an array");
  return { events: value["events"], sentAtMs: readSentAt(value["sent_at"]), lost: readLost(value["lost"]), contract };
}

function readSentAt(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const time = typeof value === "string" ? parseTimestamp(value) : undefined;
  if (time === undefined) throw envelopeError("sent_at", "must be an ISO 8601 date and time with an offset");
  return time;
}

function readLost(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 1_000_000) return value;
  throw envelopeError("lost", "must be a whole number from 0 to 1000000");
}

function envelopeError(field: string, message: string): PasserbyError {
  const path = `/${field.slice(0, 64)}`;
  return new PasserbyError("invalid_event", `batch: ${path} ${message}`, { details: [{ index: 0, path, message }] });
}

/** Narrows to a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const ISO_8601 = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/;

/** Returns milliseconds since 1970 of an ISO 8601 date-time with offset (RFC 3339 profile), or undefined. */
export function parseTimestamp(text: string): number | undefined {
  const match = ISO_8601.exec(text);
  if (match === null) return undefined;
  // Date.parse reads 30 February as 2 March; a day that does not exist is a client's mistake and not ours to mend.
  const daysInMonth = new Date(Date.UTC(Number(match[1]), Number(match[2]), 0)).getUTCDate();
  if (Number(match[3]) > daysInMonth) return undefined;
  const time = Date.parse(text.replace(",", ".").replace(/([+-]\d{2})(\d{2})$/, "$1:$2"));
  return Number.isNaN(time) ? undefined : time;
}

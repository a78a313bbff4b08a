/**
 * Takes personal and secret things out of URLs, titles and metadata before anything is stored: hits become
 * `[redacted]`, query strings keep only allow-listed keys, fragments and user names in addresses are dropped.
 *
 * Every function is idempotent, returns its input itself when there was nothing to do, and says how many places it
 * replaced; leaving out a query key that is not on the list is no redaction.
 */
import { isUtf8 } from "node:buffer";
import { type Effort, effortFor, REDACTED, redact, type Scrubbed } from "./scrub-patterns.ts";

export type { Scrubbed };
export { REDACTED };

type JsonObject = Readonly<Record<string, unknown>>;

const NO_KEYS: ReadonlySet<string> = new Set();
/** Parameters kept of a query at most; campaigns need five. */
const MAX_PARAMETERS = 16;
/** Levels of metadata that are walked; validation allows six. */
const MAX_DEPTH = 16;
const MAX_DECODINGS = 3;

/** Keys whose value is secret or personal whatever it looks like, in small letters without `_` and `-`. */
const PRIVATE_KEYS: ReadonlySet<string> = new Set([
  ...["password", "passwd", "pwd", "secret", "token", "accesstoken", "refreshtoken", "idtoken", "authtoken", "apikey"],
  ...["authorization", "cardnumber", "creditcard", "cvv", "cvc", "iban", "ssn", "email", "phone", "phonenumber"],
]);

const ADDRESS_IN_TEXT = /\bhttps?:\/\/[^\s"'<>]{1,2048}/gi;
const WHOLE_ADDRESS = /^(?:https?:\/\/|\/)\S*$/i;

/**
 * Scrubs the address of a page.
 *
 * @param url absolute address or a path; not checked for being valid.
 * @param extraKeys query keys kept besides `utm_*`, `ref` and `source`, in small letters.
 */
export function scrubUrl(url: string, extraKeys: ReadonlySet<string> = NO_KEYS): Scrubbed<string> {
  return scrubUrlWithin(url, extraKeys, effortFor(url));
}

function scrubUrlWithin(url: string, extraKeys: ReadonlySet<string>, effort: Effort): Scrubbed<string> {
  const hash = url.indexOf("#");
  const whole = hash < 0 ? url : url.slice(0, hash);
  const mark = whole.indexOf("?");
  const address = scrubAddress(mark < 0 ? whole : whole.slice(0, mark), effort);
  if (mark < 0) return address;
  const query = scrubQuery(whole.slice(mark + 1), extraKeys, effort);
  return {
    value: query.value === "" ? address.value : `${address.value}?${query.value}`,
    redacted: address.redacted + query.redacted,
  };
}

/** Scrubs a referrer: origin and path of a web page or of an Android app, or an empty text for anything else. */
export function scrubReferrer(referrer: string): Scrubbed<string> {
  const end = referrer.search(/[?#]/);
  const address = scrubAddress(end < 0 ? referrer : referrer.slice(0, end), effortFor(referrer));
  return /^(?:https?|android-app):\/\/[^/]/i.test(address.value) ? address : { value: "", redacted: 0 };
}

/** Scrubs a text such as a title; addresses inside it are treated like the address of a page. */
export function scrubText(text: string, extraKeys: ReadonlySet<string> = NO_KEYS): Scrubbed<string> {
  const effort = effortFor(text);
  let value = text;
  let redacted = 0;
  // A replacement may turn one kind of text into another, so it goes on until nothing changes.
  while (effort.left >= value.length) {
    effort.left -= value.length;
    const next = scrubTextOnce(value, extraKeys, effort);
    if (next.value === value) return { value, redacted };
    value = next.value;
    redacted += next.redacted;
  }
  return { value: REDACTED, redacted: redacted + 1 };
}

/** Scrubs all values of a JSON object, at any depth; keys are left as they are. */
export function scrubMetadata(metadata: JsonObject, extraKeys: ReadonlySet<string> = NO_KEYS): Scrubbed<JsonObject> {
  return scrubObject(metadata, extraKeys, 0);
}

function scrubTextOnce(text: string, extraKeys: ReadonlySet<string>, effort: Effort): Scrubbed<string> {
  if ((text.startsWith("/") || text.startsWith("http")) && WHOLE_ADDRESS.test(text)) {
    return scrubUrlWithin(text, extraKeys, effort);
  }
  let redacted = 0;
  let value = text;
  if (text.includes("://")) {
    value = text.replace(ADDRESS_IN_TEXT, (address) => {
      const scrubbed = scrubUrlWithin(address, extraKeys, effort);
      redacted += scrubbed.redacted;
      return scrubbed.value;
    });
  }
  const rest = redactDecoded(value, (plain) => plain, effort);
  return { value: rest.value, redacted: redacted + rest.redacted };
}

/** Scrubs an address without query and fragment: drops `user:password@`, keeps the host, scrubs the path. */
function scrubAddress(address: string, effort: Effort): Scrubbed<string> {
  const scheme = address.indexOf("://");
  const hostStart = scheme < 0 ? 0 : scheme + 3;
  const slash = scheme < 0 ? 0 : address.slice(hostStart).search(/[/\\]/);
  const hostEnd = slash < 0 ? address.length : hostStart + slash;
  const user = address.lastIndexOf("@", hostEnd - 1);
  const hasUser = scheme >= 0 && user >= hostStart;
  const path = redactDecoded(address.slice(hostEnd), encodePath, effort);
  if (!hasUser && path.redacted === 0) return { value: address, redacted: 0 };
  const origin = hasUser ? address.slice(0, hostStart) + address.slice(user + 1, hostEnd) : address.slice(0, hostEnd);
  return { value: origin + path.value, redacted: path.redacted + (hasUser ? 1 : 0) };
}

function scrubQuery(query: string, extraKeys: ReadonlySet<string>, effort: Effort): Scrubbed<string> {
  const kept: string[] = [];
  let redacted = 0;
  for (const part of query.split("&")) {
    const mark = part.indexOf("=");
    if (mark < 1 || !isKeptKey(part.slice(0, mark).toLowerCase(), extraKeys)) continue;
    if (kept.length === MAX_PARAMETERS) break;
    const value = redactDecoded(part.slice(mark + 1).replaceAll("+", " "), encodeParameter, effort);
    redacted += value.redacted;
    kept.push(value.redacted === 0 ? part : `${part.slice(0, mark)}=${value.value}`);
  }
  return { value: kept.join("&"), redacted };
}

function isKeptKey(key: string, extraKeys: ReadonlySet<string>): boolean {
  return key === "ref" || key === "source" || (key.startsWith("utm_") && /^\w{5,36}$/.test(key)) || extraKeys.has(key);
}

/**
 * Redacts a text that may be percent-encoded, up to three times over. Only a text in which a decoded form shows
 * something is changed, so that an ordinary path keeps its spelling; `encode` spells the rest of a changed one.
 */
function redactDecoded(text: string, encode: (plain: string) => string, effort: Effort): Scrubbed<string> {
  let { value, redacted } = redact(text, effort);
  // Ends because each round takes a pass over the text out of the effort, and without any the text is replaced.
  while (value.includes("%")) {
    const hit = redactHidden(value, effort);
    if (hit === undefined) break;
    const again = redact(encode(hit.value), effort);
    value = again.value;
    redacted += hit.redacted + again.redacted;
  }
  return { value, redacted };
}

/** Redacts the first decoded form of a text that shows something, or returns undefined when none does. */
function redactHidden(text: string, effort: Effort): Scrubbed<string> | undefined {
  let decoded = text;
  for (let round = 0; round < MAX_DECODINGS && decoded.includes("%"); round += 1) {
    const plain = decodePercent(decoded);
    if (plain === decoded) return undefined;
    decoded = plain;
    const hit = redact(decoded, effort);
    if (hit.redacted > 0) return hit;
  }
  return undefined;
}

/** Undoes percent-encoding where it is UTF-8; out of other bytes nobody reads an address or a number. */
function decodePercent(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2}){1,64}/gi, (codes) => {
    // decodeURIComponent throws for bytes that are not UTF-8: 5 µs for each of up to 4,000 places.
    const bytes = Buffer.from(codes.replaceAll("%", ""), "hex");
    return isUtf8(bytes) ? bytes.toString("utf8") : codes;
  });
}

function encodePath(plain: string): string {
  return keepMarks(encodeURI(plain.toWellFormed())).replaceAll("?", "%3F").replaceAll("#", "%23");
}

function encodeParameter(plain: string): string {
  return keepMarks(encodeURIComponent(plain.toWellFormed()));
}

function keepMarks(encoded: string): string {
  return encoded.replaceAll("%5Bredacted%5D", REDACTED);
}

function scrubObject(object: JsonObject, extraKeys: ReadonlySet<string>, depth: number): Scrubbed<JsonObject> {
  let copy: Record<string, unknown> | undefined;
  let redacted = 0;
  for (const key in object) {
    const value = object[key];
    const scrubbed = isPrivate(key, value) ? { value: REDACTED, redacted: 1 } : scrubValue(value, extraKeys, depth);
    redacted += scrubbed.redacted;
    if (scrubbed.value === value) continue;
    copy ??= { ...object };
    copy[key] = scrubbed.value;
  }
  return { value: copy ?? object, redacted };
}

function scrubValue(value: unknown, extraKeys: ReadonlySet<string>, depth: number): Scrubbed<unknown> {
  if (typeof value === "string") return scrubText(value, extraKeys);
  if (typeof value === "number") return scrubNumber(value);
  if (!isObject(value)) return { value, redacted: 0 };
  if (depth >= MAX_DEPTH) return { value: REDACTED, redacted: 1 };
  if (Array.isArray(value)) return scrubList(value, extraKeys, depth + 1);
  return scrubObject(value, extraKeys, depth + 1);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null;
}

function scrubList(list: readonly unknown[], extraKeys: ReadonlySet<string>, depth: number): Scrubbed<unknown> {
  let redacted = 0;
  let changed = false;
  const copy = list.map((item) => {
    const scrubbed = scrubValue(item, extraKeys, depth);
    redacted += scrubbed.redacted;
    changed ||= scrubbed.value !== item;
    return scrubbed.value;
  });
  return { value: changed ? copy : list, redacted };
}

/** A card number may come as a number; the shortest has 13 digits. */
function scrubNumber(value: number): Scrubbed<unknown> {
  if (value < 1e12 || !Number.isSafeInteger(value)) return { value, redacted: 0 };
  const text = redact(String(value));
  return text.redacted === 0 ? { value, redacted: 0 } : text;
}

function isPrivate(key: string, value: unknown): boolean {
  if (key.length > 16 || (typeof value !== "string" && typeof value !== "number")) return false;
  const name = key.toLowerCase();
  const isListed = PRIVATE_KEYS.has(name) || (/[_-]/.test(name) && PRIVATE_KEYS.has(name.replaceAll(/[_-]/g, "")));
  return isListed && value !== "" && value !== REDACTED;
}

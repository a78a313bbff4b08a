/**
 * Reads one line of a web server's access log, in the formats `combined`, `common` and `nginx-json`; a line is a
 * request or a reason why it is none, and never an exception.
 */

export const ACCESS_FORMATS = ["combined", "common", "nginx-json"] as const;
export type AccessFormat = (typeof ACCESS_FORMATS)[number];

/** One request. Address, referrer and user agent are empty where the log has `-` or nothing. */
export type AccessRequest = {
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly method: string;
  /** Path and query as the client sent them; empty when the request line was none. */
  readonly target: string;
  readonly status: number;
  readonly referrer: string;
  readonly userAgent: string;
};

/** Why a line is no request; says what is wrong without repeating the line. */
export type BadLine = { readonly reason: string };

/** Reads a line in a format. */
export function parseAccessLine(text: string, format: AccessFormat): AccessRequest | BadLine {
  return format === "nginx-json" ? parseJsonLine(text) : parseTextLine(text, format);
}

/** Says which format most of the lines are in; undefined when no line is in any. */
export function detectFormat(lines: readonly string[]): AccessFormat | undefined {
  const scores = ACCESS_FORMATS.map((format) => ({
    format,
    good: lines.filter((line) => !("reason" in parseAccessLine(line, format))).length,
  }));
  const best = scores.reduce((most, score) => (score.good > most.good ? score : most));
  return best.good === 0 ? undefined : best.format;
}

/** Host, identity and user (which may hold spaces), time, request, status, size; in `combined` referrer and user agent. */
const TEXT_LINE =
  /^(\S+) \S+ [^[]{1,1024}\[([^\]]{1,64})\] "((?:[^"\\]|\\.)*)" (\d{3}) (?:\d+|-)(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?/;

function parseTextLine(text: string, format: AccessFormat): AccessRequest | BadLine {
  const match = TEXT_LINE.exec(text);
  if (match === null) return { reason: text === "" ? "empty" : `not in ${format} format` };
  const [, address = "", time = "", request = "", status = "", referrer, userAgent] = match;
  // A `common` log has neither, and counts as one with both missing; a `combined` one without is a line cut off.
  if (format === "combined" && userAgent === undefined) return { reason: "ends before the user agent" };
  const timeMs = parseAnyTime(time);
  if (timeMs === undefined) return { reason: "its time is none" };
  return {
    address: orEmpty(address),
    timeMs,
    ...parseRequestLine(unescapeText(request)),
    status: Number(status),
    referrer: orEmpty(unescapeText(referrer ?? "")),
    userAgent: orEmpty(unescapeText(userAgent ?? "")),
  };
}

/** The names that fields have in nginx's own variables and in the examples of its documentation. */
const JSON_NAMES = {
  address: ["remote_addr", "client_ip", "client", "ip", "remote_ip"],
  time: ["time_iso8601", "time_local", "msec", "time", "timestamp", "@timestamp"],
  method: ["request_method", "method"],
  target: ["request_uri", "uri", "path", "url"],
  status: ["status", "status_code"],
  referrer: ["http_referer", "http_referrer", "referer", "referrer"],
  userAgent: ["http_user_agent", "user_agent", "agent"],
} as const;

function parseJsonLine(text: string): AccessRequest | BadLine {
  const fields = parseObject(text);
  if (fields === undefined) return { reason: text === "" ? "empty" : "not a JSON object" };
  const read = (names: readonly string[]): string => {
    const value = names
      .map((name) => fields.get(name))
      .find((found) => typeof found === "string" || typeof found === "number");
    return value === undefined ? "" : orEmpty(String(value));
  };
  const timeMs = parseAnyTime(read(JSON_NAMES.time));
  if (timeMs === undefined) return { reason: "no time that can be read" };
  const status = read(JSON_NAMES.status);
  if (!/^\d{3}$/.test(status)) return { reason: "no status of three digits" };
  const line = parseRequestLine(read(["request"]));
  return {
    address: read(JSON_NAMES.address),
    timeMs,
    method: read(JSON_NAMES.method) || line.method,
    target: read(JSON_NAMES.target) || line.target,
    status: Number(status),
    referrer: read(JSON_NAMES.referrer),
    userAgent: read(JSON_NAMES.userAgent),
  };
}

function parseObject(text: string): ReadonlyMap<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? new Map(Object.entries(value))
      : undefined;
  } catch {
    return undefined;
  }
}

/** `GET /path HTTP/1.1`, and `GET /path` as HTTP/0.9 has it. Anything else (TLS on a plain port, `-`) is no request. */
function parseRequestLine(line: string): { readonly method: string; readonly target: string } {
  const match = /^([A-Z]{1,32}) (\S.*?)(?: HTTP\/\d(?:\.\d)?)?$/.exec(line);
  return { method: match?.[1] ?? "", target: match?.[2] ?? "" };
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const LOG_TIME = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})? ([+-])(\d{2})(\d{2})$/;

/** `17/May/2015:10:05:03 +0200` */
function parseLogTime(text: string): number | undefined {
  const match = LOG_TIME.exec(text);
  if (match === null) return undefined;
  const [day = 0, , year = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const month = MONTHS.indexOf(match[2] ?? "");
  const zoneMinutes = Number(match[8]) * 60 + Number(match[9]);
  // A leap second is the next second; everything else must be a time that there is.
  const timeMs = Date.UTC(year, month, day, hour, minute, Math.min(second, 59));
  if (month < 0 || hour > 23 || minute > 59 || second > 60 || year < 1990) return undefined;
  if (new Date(timeMs).getUTCDate() !== day || zoneMinutes > 14 * 60) return undefined;
  return timeMs - (match[7] === "-" ? -zoneMinutes : zoneMinutes) * 60_000;
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})$/;

/** A log time, an ISO 8601 time with an offset, or seconds since 1970 as nginx's `$msec` has them. */
function parseAnyTime(text: string): number | undefined {
  if (text.charAt(2) === "/") return parseLogTime(text);
  if (/^\d{9,10}(?:\.\d{1,6})?$/.test(text)) return Math.round(Number(text) * 1000);
  if (!ISO_TIME.test(text)) return undefined;
  const timeMs = Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, "$1:$2"));
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/** Undoes what Apache (`\"`, `\xhh`) and nginx (`\x22`) write for quotes and for bytes that are no plain text. */
function unescapeText(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/(?:\\x[0-9a-fA-F]{2})+|\\(.)/g, (found, character: string | undefined) => {
    if (character !== undefined) return /["'\\]/.test(character) ? character : " ";
    return Buffer.from(found.replaceAll("\\x", ""), "hex").toString("utf8");
  });
}

function orEmpty(text: string): string {
  return text === "-" ? "" : text;
}

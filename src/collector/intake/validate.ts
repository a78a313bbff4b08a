/**
 * The validate step: an unchecked value becomes a draft, or a list of what is wrong with it, field by field. Bounds come
 * from the schema in event.ts; what JSON Schema cannot say (times, sites, sampling) is checked here.
 */
import { Compile } from "typebox/compile";
import type { Clock } from "../../clock.ts";
import type { Settings } from "../../config.ts";
import type { ErrorDetail } from "../../errors.ts";
import { BOUNDS, CONTRACT_VERSION, type EventInput, eventInputSchema, serverFieldsSchema } from "../../event.ts";
import { CLIENT_SEED, unitInterval } from "../../sampling.ts";
import type { Draft } from "../draft.ts";
import type { AddressChecks } from "./address-checks.ts";
import { type Batch, isRecord, parseTimestamp } from "./decode.ts";
import { describeField, describeMetadataProblem } from "./field-problems.ts";
import { newEventId } from "./new-event-id.ts";
import type { Sender } from "./sender.ts";
import { findSite, type SiteFinder } from "./site.ts";

const validator = Compile(eventInputSchema);

/** Fields of a newer contract that one event may have; more are a mistake and would make the answer as long as the body. */
const MAX_UNKNOWN_FIELDS = 64;
/** A longer name is cut before it is named in an answer, since it came from outside. */
const MAX_NAME_LENGTH = 64;

/** What validation needs besides the event. */
export type Validation = {
  readonly settings: Settings;
  readonly sites: SiteFinder;
  readonly addresses: AddressChecks;
  readonly clock: Clock;
  readonly sender: Sender;
  /** When the request came: milliseconds since 1970, and the same as ISO 8601. */
  readonly receivedAtMs: number;
  readonly receivedAt: string;
  readonly batch: Pick<Batch, "contract" | "sentAtMs">;
};

/** A draft, or why there is none; `unknownFields` names what an event of a newer contract had to leave behind. */
export type Validated =
  | { readonly draft: Draft; readonly unknownFields: readonly string[] }
  | { readonly problems: readonly ErrorDetail[] };

/** Validates one event. `index` is its place in the batch, for the details of a refusal. */
export function validateEvent(raw: unknown, index: number, validation: Validation): Validated {
  const problem = (path: string, message: string): Validated => ({ problems: [{ index, path, message }] });
  if (!isRecord(raw)) return problem("", "must be a JSON object");
  const { known, unknown } = splitFields(raw);
  const [firstUnknown] = unknown;
  if (firstUnknown !== undefined && validation.batch.contract <= CONTRACT_VERSION) {
    return { problems: unknown.map((name) => ({ index, path: pointer(name), message: describeUnknown(name) })) };
  }
  if (unknown.length > MAX_UNKNOWN_FIELDS) {
    return problem(
      "",
      `has more than ${MAX_UNKNOWN_FIELDS} fields that are not known: put fields of your own into metadata`,
    );
  }
  if (!validator.Check(known)) return { problems: listProblems(known, index) };
  const metadataProblem = known.metadata === undefined ? undefined : describeMetadataProblem(known.metadata);
  if (metadataProblem !== undefined) return problem("/metadata", metadataProblem);
  const fieldProblem = findFieldProblem(known, validation);
  if (fieldProblem !== undefined) return problem(fieldProblem.path, fieldProblem.message);
  return { draft: makeDraft(known, validation), unknownFields: unknown };
}

/** Parts the fields of the contract from all others; stops at one unknown field too many, since bodies hold thousands. */
function splitFields(raw: Record<string, unknown>): { known: Record<string, unknown>; unknown: readonly string[] } {
  const unknown: string[] = [];
  const known: Record<string, unknown> = {};
  for (const name in raw) {
    const value = raw[name];
    if (unknown.length > MAX_UNKNOWN_FIELDS) break;
    if (!Object.hasOwn(eventInputSchema.properties, name)) unknown.push(name.slice(0, MAX_NAME_LENGTH));
    else if ((name === "event" || name === "visitor_id") && typeof value === "string") known[name] = value.trim();
    // Browsers report an absent referrer or title as an empty string.
    else if ((name === "referrer" || name === "title") && value === "") continue;
    else known[name] = value;
  }
  return { known, unknown };
}

function describeUnknown(name: string): string {
  if (Object.hasOwn(serverFieldsSchema.properties, name)) return "is filled in by the collector: leave it out";
  return "is not a field of an event: put fields of your own into metadata";
}

/** JSON Pointer to a top-level field (RFC 6901). */
function pointer(name: string): string {
  return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function listProblems(known: Record<string, unknown>, index: number): readonly ErrorDetail[] {
  const names = new Set<string>();
  for (const error of validator.Errors(known)) {
    names.add(error.keyword === "required" ? "event" : (error.instancePath.split("/")[1] ?? "event"));
  }
  return [...names].map((name) => ({ index, path: `/${name}`, message: describeField(name, known[name]) }));
}

function findFieldProblem(input: EventInput, validation: Validation): { path: string; message: string } | undefined {
  if (input.visitor_id !== undefined && /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(input.visitor_id)) {
    return { path: "/visitor_id", message: "looks like an e-mail address: send an anonymous id, such as a hash of it" };
  }
  if (input.url !== undefined && !validation.addresses.isPage(input.url)) {
    return { path: "/url", message: "must be an absolute http or https URL" };
  }
  if (input.referrer !== undefined && !validation.addresses.isReferrer(input.referrer)) {
    return { path: "/referrer", message: "must be an absolute URL" };
  }
  if (input.site !== undefined && !validation.sites.has(input.site)) {
    return { path: "/site", message: "is not a configured site: add it to METRICS_SITES or leave it out" };
  }
  const { keySite } = validation.sender;
  if (keySite !== null && siteOf(input, validation) !== keySite) {
    return { path: "/site", message: `is not the site of this key, ${keySite}` };
  }
  return findSamplingProblem(input, validation) ?? findTimeProblem(input, validation);
}

function siteOf(input: EventInput, { sites, sender, settings }: Validation): string {
  return input.site ?? findSite(sites, { sender, url: input.url }) ?? settings.defaultSite;
}

function findSamplingProblem(input: EventInput, validation: Validation): { path: string; message: string } | undefined {
  const rate = input.sample_rate;
  if (rate === undefined || validation.sender.hasIngestKey) return undefined;
  if (rate < validation.settings.minTrackerRate) {
    const message = `is below the lowest rate believed without a key, ${validation.settings.minTrackerRate}`;
    return { path: "/sample_rate", message };
  }
  if (input.bucket === "page" || input.visitor_id === undefined) return undefined;
  if (unitInterval(input.visitor_id, CLIENT_SEED) < rate) return undefined;
  return { path: "/sample_rate", message: "does not keep this visitor_id: its hash is not below the rate" };
}

function findTimeProblem(input: EventInput, validation: Validation): { path: string; message: string } | undefined {
  if (input.timestamp === undefined) return undefined;
  const time = parseTimestamp(input.timestamp);
  if (time === undefined) {
    return {
      path: "/timestamp",
      message: "must be an ISO 8601 date and time with an offset, such as 2026-01-31T12:00:00Z",
    };
  }
  if (!validation.sender.hasIngestKey) return undefined;
  const age = validation.receivedAtMs - time;
  if (age > validation.settings.retentionDays * 86_400_000) {
    return { path: "/timestamp", message: `is older than the retention of ${validation.settings.retentionDays} days` };
  }
  return age < -BOUNDS.futureMs ? { path: "/timestamp", message: "is in the future" } : undefined;
}

function makeDraft(input: EventInput, validation: Validation): Draft {
  const { sender, receivedAtMs, receivedAt } = validation;
  const { timeMs, clock } = settleTime(input, validation);
  const event: Draft["event"] = {
    event: input.event,
    visitorId: input.visitor_id ?? "",
    timestamp: timeMs === receivedAtMs ? receivedAt : new Date(timeMs).toISOString(),
    metadata: input.metadata ?? {},
    eventId: input.event_id?.toLowerCase() ?? newEventId(receivedAtMs, validation.clock),
    site: siteOf(input, validation),
    receivedAt,
    sampleRate: input.sample_rate ?? 1,
    serverSampleRate: 1,
    device: "unknown",
    isBot: false,
  };
  if (input.url !== undefined) event.url = input.url;
  if (input.referrer !== undefined) event.referrer = input.referrer;
  if (input.title !== undefined) event.title = input.title;
  if (input.screen !== undefined) event.screen = input.screen;
  if (input.session_id !== undefined) event.sessionId = input.session_id;
  if (input.bucket !== undefined) event.bucket = input.bucket;
  if (clock !== undefined) event.clock = clock;
  const language = input.language ?? firstLanguage(sender.acceptLanguage);
  if (language !== undefined) event.language = language;
  // Whoever sends with a key speaks for others: its own user agent says nothing about them.
  const userAgent = sender.hasIngestKey ? input.user_agent : sender.userAgent;
  const cut = userAgent?.slice(0, BOUNDS.userAgentLength);
  return { input, sender, receivedAtMs, userAgent: cut, event, redacted: 0, isUnlinked: false };
}

/** Takes out clock skew that the envelope shows, then keeps the time within what a client may claim. */
function settleTime(input: EventInput, validation: Validation): { timeMs: number; clock?: "clamped" | "corrected" } {
  const { receivedAtMs, batch, sender } = validation;
  const claimed = input.timestamp === undefined ? undefined : parseTimestamp(input.timestamp);
  if (claimed === undefined) return { timeMs: receivedAtMs };
  const skewMs = batch.sentAtMs === undefined ? 0 : receivedAtMs - batch.sentAtMs;
  const isSkewed = Math.abs(skewMs) > 60_000;
  const timeMs = isSkewed ? claimed + skewMs : claimed;
  const isOutOfRange = timeMs > receivedAtMs + BOUNDS.futureMs || timeMs < receivedAtMs - BOUNDS.pastMs;
  if (isOutOfRange && !sender.hasIngestKey) return { timeMs: receivedAtMs, clock: "clamped" };
  return isSkewed ? { timeMs, clock: "corrected" } : { timeMs };
}

const LANGUAGE = /^\s*([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:[,;]|$)/;

function firstLanguage(acceptLanguage: string | undefined): string | undefined {
  const tag = acceptLanguage === undefined ? undefined : LANGUAGE.exec(acceptLanguage.slice(0, 64))?.[1];
  return tag !== undefined && tag.length <= 35 ? tag : undefined;
}

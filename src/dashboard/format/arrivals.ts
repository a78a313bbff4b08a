/** What has arrived for a site, in plain words: why requests were dropped or refused, and what to do about it. */
import type { ArrivalNote, Arrivals } from "../api-client.ts";
import { countOf } from "./figure-text.ts";

/** What a reason means, or what to do about it; reasons are those of the event contract. */
const MEANINGS: Readonly<Record<string, string>> = {
  brake: "collection is paused",
  sampled_out: "this visitor is not in the sample; raise METRICS_SAMPLE_RATE",
  bot: "made by a robot or an automated browser",
  opted_out: "this browser sends GPC",
  duplicate: "the same event came before",
  site_off: "collection is off for this site",
  invalid_json: "the body is no JSON",
  invalid_event: "the answer to the request names the field",
  key_required: "make one with passerby key create --scope ingest",
  origin_not_allowed: "add it to ALLOWED_ORIGINS",
  payload_too_large: "send at most 64 KiB at a time",
  unsupported_media_type: "send application/json or text/plain",
  rate_limited: "too many at once from one address",
  log_unavailable: "the disk is full or too slow",
};

/** Sums up: `15 events, 2 stored`. */
export function describeArrivals(arrivals: Arrivals): string {
  if (arrivals.received === 0) return "Nothing has arrived yet.";
  const stored = arrivals.stored === 0 ? "none stored" : `${arrivals.stored.toLocaleString("en")} stored`;
  return `${countOf(arrivals.received, "event")}, ${stored}`;
}

/** Tells one reason: `12 refused: origin_not_allowed https://www.a.com (add it to ALLOWED_ORIGINS)`. */
export function describeNote({ count, kind, reason, subject }: ArrivalNote): string {
  const about = subject === null ? "" : ` ${subject}`;
  const meaning = MEANINGS[reason];
  return `${count.toLocaleString("en")} ${kind}: ${reason}${about}${meaning === undefined ? "" : ` (${meaning})`}`;
}

/** The scrub step: takes what is personal or secret out of the texts of an event, before anything else reads them. */
import type { Draft } from "../draft.ts";
import { type Scrubbed, scrubMetadata, scrubReferrer, scrubText, scrubUrl } from "./scrub.ts";

/** Scrubs address, referrer, title, name and metadata in place and adds up the redactions. */
export function scrubEvent(draft: Draft): undefined {
  const { event } = draft;
  const keep = <Value>(scrubbed: Scrubbed<Value>): Value => {
    draft.redacted += scrubbed.redacted;
    return scrubbed.value;
  };
  if (event.url !== undefined) event.url = keep(scrubUrl(event.url));
  if (event.title !== undefined) event.title = keep(scrubText(event.title));
  event.event = keep(scrubText(event.event));
  event.metadata = keep(scrubMetadata(event.metadata));
  if (event.referrer === undefined) return;
  const referrer = keep(scrubReferrer(event.referrer));
  if (referrer === "") delete event.referrer;
  else event.referrer = referrer;
}

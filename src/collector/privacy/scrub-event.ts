/** The scrub step: takes what is personal or secret out of the texts of an event, before anything else reads them. */
import type { Draft } from "../draft.ts";
import { type RememberOptions, remember } from "../remember.ts";
import { type Scrubbed, scrubMetadata, scrubReferrer, scrubText, scrubUrl } from "./scrub.ts";

type Scrub = (text: string) => Scrubbed<string>;

/** The scrubbing of texts, with what was found of those that keep coming. */
export type Scrubbers = { readonly url: Scrub; readonly referrer: Scrub; readonly text: Scrub };

/** Only texts in which nothing was redacted are remembered: what is personal leaves memory with its request. */
const REMEMBERED: RememberOptions<Scrubbed<string>> = {
  capacity: 4096,
  maxLength: 256,
  isKept: ({ redacted }) => redacted === 0,
};

/** Makes the functions of the scrub step. */
export function createScrubbers(): Scrubbers {
  return {
    url: remember((url) => scrubUrl(url), REMEMBERED),
    referrer: remember((referrer) => scrubReferrer(referrer), REMEMBERED),
    text: remember((text) => scrubText(text), REMEMBERED),
  };
}

/** Scrubs address, referrer, title, name and metadata in place and adds up the redactions. */
export function scrubEvent(draft: Draft, scrubbers: Scrubbers): undefined {
  const { event } = draft;
  const keep = <Value>(scrubbed: Scrubbed<Value>): Value => {
    draft.redacted += scrubbed.redacted;
    return scrubbed.value;
  };
  if (event.url !== undefined) event.url = keep(scrubbers.url(event.url));
  if (event.title !== undefined) event.title = keep(scrubbers.text(event.title));
  event.event = keep(scrubbers.text(event.event));
  event.metadata = keep(scrubMetadata(event.metadata));
  if (event.referrer === undefined) return;
  const referrer = keep(scrubbers.referrer(event.referrer));
  if (referrer === "") delete event.referrer;
  else event.referrer = referrer;
}

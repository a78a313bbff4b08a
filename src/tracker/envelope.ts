/** Writes a batch as the collector takes it, and as the outbox keeps it. */
import type { CONTRACT_VERSION } from "../event.ts";

// Written out, because importing the value would bring the whole schema into the browser; the type holds them equal.
const CONTRACT: typeof CONTRACT_VERSION = 1;

/** Returns the envelope of events as JSON, sent now, with how many had to be given up before. */
export function writeEnvelope(events: readonly string[], givenUp: number): string {
  return `{"events":[${events}],"sent_at":${JSON.stringify(new Date())},"lost":${givenUp},"contract":${CONTRACT}}`;
}

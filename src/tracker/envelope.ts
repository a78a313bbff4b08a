/** Writes a batch as the collector takes it, and as the outbox keeps it. */
import type { CONTRACT_VERSION } from "../event.ts";
import type { EventQueue } from "./event-queue.ts";

// Written out, because importing the value would bring the whole schema into the browser; the type holds them equal.
const CONTRACT: typeof CONTRACT_VERSION = 1;

/** Returns the envelope of a batch, sent or kept now. */
export function writeEnvelope({ waiting, givenUp }: EventQueue): string {
  return `{"events":[${waiting}],"sent_at":${JSON.stringify(new Date())},"lost":${givenUp},"contract":${CONTRACT}}`;
}

/** Makes whole events that differ by an id in their metadata; needs no test runner, so that child processes can use it. */
import { randomUUID } from "node:crypto";
import type { AcceptedEvent } from "../../src/event.ts";

/** Returns a whole event; `id` goes into its metadata and tells it from all others. */
export function makeEvent(id: string, changes: Partial<AcceptedEvent> = {}): AcceptedEvent {
  return {
    event: "page_view",
    visitorId: "visitor-0001",
    timestamp: "2026-11-23T09:00:00.000Z",
    metadata: { id },
    eventId: randomUUID(),
    site: "example.com",
    sampleRate: 1,
    receivedAt: "2026-11-23T09:00:00.000Z",
    serverSampleRate: 1,
    device: "desktop",
    isBot: false,
    ...changes,
  };
}

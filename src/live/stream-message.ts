/** What travels over a live stream, as server-sent events (HTML Standard, 9.2 Server-sent events). */
import type { AcceptedEvent } from "../event.ts";
import { toWire } from "./wire-event.ts";

/** Milliseconds that a reader waits before it connects again. */
const RETRY_MS = 3_000;

/** Opens every stream, so that a reader knows at once that it is connected. */
export const OPENING: Buffer = Buffer.from(`retry: ${RETRY_MS}\n\n`);

/** A comment, which readers pass over: it keeps proxies from closing a quiet connection. */
export const HEARTBEAT: Buffer = Buffer.from(": heartbeat\n\n");

/** Says that the event to resume behind is no longer held, so that events may be missing here. */
export const GAP: Buffer = Buffer.from(
  `event: gap\ndata: ${JSON.stringify({ message: "events may be missing here: the one to resume behind is no longer held" })}\n\n`,
);

/** Which events a reader gets; undefined: whatever it is. */
export type StreamFilter = { readonly site: string | undefined; readonly event: string | undefined };

/** Returns the messages of those events that pass a filter, in their order. */
export type MessageMaker = (events: readonly AcceptedEvent[], filter: StreamFilter) => readonly Buffer[];

/** Makes a maker that renders an event once, however many readers it goes to, and forgets it with the event. */
export function makeMessages(): MessageMaker {
  const rendered = new WeakMap<AcceptedEvent, Buffer>();
  const renderOnce = (event: AcceptedEvent): Buffer => {
    const message = rendered.get(event) ?? renderMessage(event);
    rendered.set(event, message);
    return message;
  };
  return (events, { site, event: name }) =>
    events
      .filter((event) => (site === undefined || event.site === site) && (name === undefined || event.event === name))
      .map(renderOnce);
}

/** Renders a stored event as one message. JSON has no raw line break, so one `data` line holds it. */
function renderMessage(event: AcceptedEvent): Buffer {
  return Buffer.from(`id: ${event.eventId}\nevent: stored\ndata: ${JSON.stringify(toWire(event))}\n\n`);
}

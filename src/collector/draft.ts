/** An event on its way through the pipeline: what the client sent, who sent it, and what the steps have made of it. */
import { type AcceptedEvent, type EventInput, SMOKE_EVENT, SMOKE_VISITOR_PREFIX } from "../event.ts";
import type { Sender } from "./intake/sender.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export type Draft = {
  readonly input: EventInput;
  readonly sender: Sender;
  /** When the request came, in milliseconds since 1970. */
  readonly receivedAtMs: number;
  /**
   * The user agent that the event is judged by; never stored unless the owner asked for it. Undefined when nothing is
   * known: the event came with a key and did not say.
   */
  readonly userAgent: string | undefined;
  /** The event as it will be stored; the steps fill it in, in their order. */
  readonly event: Mutable<AcceptedEvent>;
  /** Values that were taken out of the event for privacy. */
  redacted: number;
  /** True when the visitor asked for privacy and the event is stored without ids: nothing may tie it to another one. */
  isUnlinked: boolean;
};

/** Says whether an event belongs to the smoke test: kept whatever the sampling, and out of every answer. */
export function isSmoke(draft: Draft): boolean {
  const { input, sender } = draft;
  if (input.event === SMOKE_EVENT && sender.hasIngestKey) return true;
  return input.visitor_id?.startsWith(SMOKE_VISITOR_PREFIX) ?? false;
}

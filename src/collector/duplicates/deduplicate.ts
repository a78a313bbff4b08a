/** The deduplicate step: drops an event whose id is stored, before the sampling that a later rate might decide otherwise. */
import type { DropReason } from "../../event.ts";
import type { Draft } from "../draft.ts";

/** Drops a copy of a stored event. Only ids that came from outside are looked for: those that we make are new. */
export function deduplicate(draft: Draft, isStored: (eventId: string) => boolean): DropReason | undefined {
  if (draft.input.event_id === undefined) return undefined;
  return isStored(draft.event.eventId) ? "duplicate" : undefined;
}

/** The gate step: says which valid events are not wanted, before anything is derived from their sender. */
import type { Clock } from "../clock.ts";
import type { Settings } from "../config.ts";
import type { DropReason } from "../event.ts";
import type { Control } from "./control/control.ts";
import { type Draft, isSmoke } from "./draft.ts";

/** What the step leans on. */
export type GateState = { readonly settings: Settings; readonly clock: Clock; readonly control: Control };

/** As long as a derived id, so that nobody can tell a made-up one from it. */
const ID_BYTES = 16;

/**
 * Drops an event while the brake is on, for all sites or its own, and answers a browser that asks for privacy (`Sec-GPC`,
 * `DNT`) as the owner of the site chose. It comes before identify, so that no id is ever made for such a visitor.
 */
export function gate(draft: Draft, { settings, clock, control }: GateState): DropReason | undefined {
  const brake = control.dropReason(draft.event.site, draft.receivedAtMs);
  if (brake !== undefined) return brake;
  if (!draft.sender.asksForPrivacy) return undefined;
  const { everywhere, bySite } = settings.privacySignals;
  const answer = bySite.find(({ site }) => site === draft.event.site)?.answer ?? everywhere;
  if (answer === "no_id" && !isSmoke(draft)) takeIdsAway(draft, clock);
  return answer === "drop" ? "opted_out" : undefined;
}

/** Leaves nothing that could tie the event to another one: its visitor id is made up for it alone. */
function takeIdsAway(draft: Draft, clock: Clock): void {
  draft.event.visitorId = Buffer.from(clock.randomBytes(ID_BYTES)).toString("base64url");
  delete draft.event.sessionId;
  draft.isUnlinked = true;
}

/** The gate step: says which valid events are not wanted, before anything is derived from their sender. */
import type { Settings } from "../config.ts";
import type { DropReason } from "../event.ts";
import type { Control } from "./control/control.ts";
import type { Draft } from "./draft.ts";

/**
 * Drops an event while the brake is on, for all sites or its own, and one whose browser asks for privacy (`Sec-GPC`,
 * `DNT`), unless the owner chose to ignore that. It comes before identify, so that no id is ever made for such a visitor.
 */
export function gate(
  draft: Draft,
  { settings, control }: { readonly settings: Settings; readonly control: Control },
): DropReason | undefined {
  const brake = control.dropReason(draft.event.site, draft.receivedAtMs);
  if (brake !== undefined) return brake;
  return draft.sender.asksForPrivacy && settings.privacySignals === "drop" ? "opted_out" : undefined;
}

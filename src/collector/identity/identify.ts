/**
 * The identify step: who a visitor is in mode `daily`, by an id that nobody can compute again once the salt of its day
 * is destroyed. The address and the user agent live in locals only. An id that the client sent is kept.
 */
import type { Draft } from "../draft.ts";
import type { Sender } from "../intake/sender.ts";
import { type ActiveVisitors, isAfterMidnight } from "./active-visitors.ts";
import type { SaltKey } from "./salt-key.ts";
import type { SaltKeeper } from "./salts.ts";

/** What an id is made of; two sites never share one. */
export type VisitorTraits = { readonly site: string; readonly address: string; readonly userAgent: string };

/** The state that identities depend on. */
export type IdentityState = {
  readonly salts: SaltKeeper;
  readonly active: ActiveVisitors;
  /** The id that was derived last: the events of a batch are nearly always one visitor's, on one site. */
  last: { readonly sender: Sender; readonly traits: VisitorTraits; readonly visitorId: string } | undefined;
};

/**
 * Returns the visitor id: the first 16 bytes of HMAC-SHA-256 (RFC 2104) under the salt of the UTC day, base64url, 22
 * characters. Each part is prefixed with its length in bytes, so that no two different visitors write the same input.
 */
export function deriveVisitorId(salt: SaltKey, { site, address, userAgent }: VisitorTraits): string {
  return salt.digest(withLength(site) + withLength(address) + withLength(userAgent));
}

function withLength(text: string): string {
  return `${Buffer.byteLength(text)}:${text}`;
}

/** Returns the id of a visitor now: yesterday's for a visit that runs over midnight UTC, else today's. */
export function currentVisitorId(state: IdentityState, traits: VisitorTraits, nowMs: number): string {
  const { today, yesterday } = state.salts.at(nowMs);
  if (yesterday !== undefined && isAfterMidnight(nowMs)) {
    const earlier = deriveVisitorId(yesterday, traits);
    if (state.active.wasActive(earlier, nowMs)) return earlier;
  }
  return deriveVisitorId(today, traits);
}

/** Forgets every id that was derived; who comes back after midnight gets the id of the new day. */
export function forgetVisitors(state: IdentityState): void {
  state.active.clear();
  state.last = undefined;
}

/** Fills in the visitor id of an event that came without one. */
export function identify(draft: Draft, state: IdentityState): undefined {
  if (draft.event.visitorId !== "") return;
  const { sender, userAgent = "", receivedAtMs, event } = draft;
  const { last } = state;
  if (last?.sender === sender && last.traits.site === event.site && last.traits.userAgent === userAgent) {
    event.visitorId = last.visitorId;
    return;
  }
  const traits = { site: event.site, address: sender.address, userAgent };
  event.visitorId = currentVisitorId(state, traits, receivedAtMs);
  state.last = { sender, traits, visitorId: event.visitorId };
  state.active.touch(event.visitorId, receivedAtMs);
}

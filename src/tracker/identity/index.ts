/**
 * Identity, for npm and for a script tag: lets a visitor be the same one for as long as a tab lives (`session`), or, after
 * consent, for at most 13 months (`persistent`). It promises to keep nothing in the browser before it may: before consent in
 * mode `persistent`, and never for a visitor whose browser asks for privacy or who has opted out.
 *
 * The core asks for the id as it sends each batch (hooks.ts). The id is read from the browser's storage each time, so that
 * another tab, a page that comes back from the back/forward cache and a withdrawal need no word with each other. Where there
 * is none the collector derives one for the day, as without this entry.
 */
import { clientBucket } from "../../sampling.ts";
import { addHooks, type Identity, onOptOut } from "../hooks.ts";
import { hasPrivacySignal } from "../privacy-signals.ts";
import { findId, forgetId, isTurnedOff, keepId, type Place } from "./browser-storage.ts";

export type IdentityOptions = {
  /** How long a visitor is the same one; `daily`, as anything else, keeps nothing and removes what other modes have kept. */
  readonly mode: "daily" | "session" | "persistent";
};

type Consent = (isGiven: boolean) => void;

const PLACES: readonly Place[] = ["sessionStorage", "localStorage"];

/**
 * Sets the mode of this page; a second call does nothing. Called before the tracker's start, the first event has the id, too.
 *
 * ```ts
 * import { start } from "passerby-tracker";
 * import { consent, identify } from "passerby-tracker/identity";
 * identify({ mode: "persistent" });
 * start({ apiBaseUrl: "https://api.example.com" });
 * acceptButton.onclick = () => consent(true);
 * ```
 */
export function identify(options: IdentityOptions): void {
  if (typeof document === "undefined" || window.passerby?.consent) return;
  const place = placeOf(options?.mode);

  /** Removes what must not be here; says whether an id may be kept. */
  const tidy = (): boolean => {
    const mayKeep = !hasPrivacySignal() && !isTurnedOff();
    for (const one of PLACES) if (one !== place || !mayKeep) forgetId(one);
    return mayKeep;
  };
  const settleConsent: Consent = (isGiven) => {
    if (place !== "localStorage") return;
    if (isGiven !== true) forgetId(place);
    // An id that is there already goes on as it is, so that its 13 months are not renewed.
    else if (tidy()) keepId(place);
  };
  tidy();
  // An id that is too old goes now, so that the page's banner sees that it has to ask again.
  if (place) findId(place);
  const readIdentity = (): Identity | undefined => (tidy() && place ? identityIn(place) : undefined);
  addHooks({ readIdentity }).consent = settleConsent;
  onOptOut(tidy);
  // The visitor may opt out in another tab, or by the address of this page, which the core reads.
  for (const moment of ["storage", "load", "pagehide"]) addEventListener(moment, tidy);
}

/**
 * Tells that the visitor has agreed to an id of 13 months (`true`) or not, or no longer (`false`, which removes it at once).
 * For mode `persistent`, after `identify`; does nothing in other modes and on a server.
 */
export function consent(isGiven: boolean): void {
  if (typeof document !== "undefined") window.passerby?.consent?.(isGiven);
}

function placeOf(mode: unknown): Place | undefined {
  if (mode === "session") return "sessionStorage";
  return mode === "persistent" ? "localStorage" : undefined;
}

function identityIn(place: Place): Identity | undefined {
  const id = place === "sessionStorage" ? keepId(place) : findId(place);
  return id === undefined ? undefined : { visitor_id: id, bucket: clientBucket(id) };
}

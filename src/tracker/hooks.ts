/**
 * How what is loaded beside the core (automatic capture, identity, web vitals, errors, the overlay) takes part in it. The
 * order of loading does not matter: each adds its hooks to the one global name, before the core has run or after.
 */
import type { Track } from "./options.ts";

/** What a mode of identity adds to each event as it is sent, and the bucket (0 to 65,535) that its visitor is sampled by. */
export type Identity = { readonly visitor_id: string; readonly session_id?: string; readonly bucket: number };

/**
 * A step in the life of events on this page, with the events as JSON: `queued` (one event), `sampled_out` (an array of
 * those that may not leave, by the draw, the brake or the visitor's wish), `answered` (the envelope that was sent, with
 * status and text of the answer; status 0: none came), `kept` (an array of those that lie in the outbox now).
 */
export type Step = "queued" | "sampled_out" | "answered" | "kept";

/** Each is optional, and what it throws is ignored. */
export type Hooks = {
  /** A view of a page has been counted; not told of a view that was counted before the hooks were added. */
  readonly onView?: () => void;
  /** The page is hidden or left. What is tracked now still leaves with it. */
  readonly onLeave?: () => void;
  /** Says who the visitor is, as each batch is sent; undefined: the collector derives an id for the day. */
  readonly readIdentity?: () => Identity | undefined;
  /** Follows the life of events, for the debug panel. */
  readonly onStep?: (step: Step, json: string, status?: number, answer?: string) => void;
};

/** Tells all hooks of something. */
export type Tell = (act: (hooks: Hooks) => void) => void;

/** What the core runs with. */
export type Settings = {
  readonly apiBaseUrl: string;
  readonly site: string | undefined;
  /** The share of visitors to count unless the operator sets one. */
  readonly sampleRate: number;
};

/** The one global name, `window.passerby`. All but `track` and `hooks` is there when the core has run. */
export type Passerby = {
  track: Track;
  readonly hooks: Hooks[];
  /** Counts this browser no more, from now on, and forgets what waits to be sent. */
  optOut?: () => void;
  /** Takes that back, from the next page on. */
  optIn?: () => void;
  settings?: Settings;
  /**
   * Queues an event as JSON, as `onStep` has told it, for another try; an empty text is none. The next batch tells the
   * collector of `lost` events that had to be given up.
   */
  requeue?: (json: string, lost?: number) => void;
  /** Tells whether the visitor agrees to an id that lasts; there once the entry `identity` has run. */
  consent?: (isGiven: boolean) => void;
  /** What was tracked before the core ran. */
  readonly early: Parameters<Track>[];
};

declare global {
  interface Window {
    /** The tracker of this page. */
    passerby?: Passerby;
  }
}

/** Returns the global name, made if it is not there. Not to be called on a server. */
export function findPasserby(): Passerby {
  const early: Parameters<Track>[] = [];
  // The name may be that of an element of the page with such an id.
  if (!window.passerby?.hooks) window.passerby = { early, hooks: [], track: (...event) => early.push(event) };
  return window.passerby;
}

/** Says whether hooks with a mark have been added, so that what is on a page twice takes part once. Not to be called on a server. */
export function hasHooks(mark: string): boolean {
  return findPasserby().hooks.some((one) => mark in one);
}

/** Adds hooks to the core of this page, and returns the global name. Throws nothing; not to be called on a server. */
export function addHooks(hooks: Hooks): Passerby {
  const passerby = findPasserby();
  passerby.hooks.push(hooks);
  return passerby;
}

/** Calls `act` after the visitor has opted out on this page, in whatever order core and extension are loaded. */
export function onOptOut(act: () => void): void {
  let isWrapped = false;
  const wrap = (): void => {
    const { passerby } = window;
    const optOut = passerby?.optOut;
    if (isWrapped || !passerby || !optOut) return;
    isWrapped = true;
    passerby.optOut = () => {
      optOut();
      act();
    };
  };
  wrap();
  addHooks({ onView: wrap });
}

/** What this page and this browser say now that decides whether anything is sent. */
import type { Identity, Passerby } from "../../tracker/hooks.ts";

export type PageState = {
  /** What the tracker runs with; undefined while it has not run. */
  readonly settings: Passerby["settings"];
  /** The id that a mode of identity gives; undefined where the collector derives one for the day. */
  readonly identity: Identity | undefined;
  /** Signals of the browser that the visitor is not to be counted, by their names. */
  readonly signals: readonly string[];
  /** Protocol of the page's address, with its colon. */
  readonly protocol: string;
};

/** Reads the state of the page. */
export function readPage(): PageState {
  const { settings, hooks = [] } = window.passerby ?? {};
  return { settings, identity: readIdentity(hooks), signals: readSignals(), protocol: location.protocol };
}

function readIdentity(hooks: Passerby["hooks"]): Identity | undefined {
  for (const one of hooks) {
    try {
      const identity = one.readIdentity?.();
      if (identity) return identity;
    } catch {
      // The tracker goes on without it, too.
    }
  }
  return undefined;
}

function readSignals(): readonly string[] {
  return [
    ...(navigator.globalPrivacyControl === true ? ["Global Privacy Control"] : []),
    ...(navigator.doNotTrack === "1" ? ["Do Not Track"] : []),
  ];
}

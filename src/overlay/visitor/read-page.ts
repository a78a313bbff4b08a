/** What this page and this browser say now that decides whether anything is sent. */
import type { Identity, Passerby } from "../../tracker/hooks.ts";

export type PageState = {
  /** What the tracker runs with; undefined while it has not run. */
  readonly settings: Passerby["settings"];
  /** The id that a mode of identity gives; undefined where the collector derives one for the day. */
  readonly identity: Identity | undefined;
  /** How this browser says that its visitor is not to be counted, each as a sentence; none: it does not say so. */
  readonly objections: readonly string[];
  /** Protocol of the page's address, with its colon. */
  readonly protocol: string;
};

/** Reads the state of the page. */
export function readPage(): PageState {
  const { settings, hooks = [] } = window.passerby ?? {};
  return { settings, identity: readIdentity(hooks), objections: readObjections(), protocol: location.protocol };
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

/** Reads how this browser says that its visitor is not to be counted. */
export function readObjections(): readonly string[] {
  return [
    ...(navigator.globalPrivacyControl ? ["This browser sends Global Privacy Control."] : []),
    ...(navigator.doNotTrack === "1" ? ["This browser sends Do Not Track."] : []),
    ...(hasOptedOut() ? ["This browser has opted out, by ?passerby=off or a control of the page."] : []),
  ];
}

/** As the tracker remembers it. Where storage is blocked it holds for one page, and only the tracker knows. */
function hasOptedOut(): boolean {
  try {
    return localStorage.getItem("passerby") === "off";
  } catch {
    return false;
  }
}

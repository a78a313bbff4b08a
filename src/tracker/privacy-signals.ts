/** The visitor's own wish, as the browser states it. */

declare global {
  interface Navigator {
    /** Global Privacy Control (w3.org/TR/gpc); absent where the browser does not know it. */
    readonly globalPrivacyControl?: boolean;
  }
}

/** Says whether the browser sends Global Privacy Control or Do Not Track. The tracker then asks and sends nothing. */
export function hasPrivacySignal(): boolean | undefined {
  return navigator.globalPrivacyControl || navigator.doNotTrack === "1";
}

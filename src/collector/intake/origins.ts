/** The allow-list of origins: who may send events from a browser, decided on the server because images and beacons ignore CORS. */

export type OriginList = {
  /** Says whether an `Origin` header is on the list; `null`, which any sandboxed frame sends, only where the list names it. */
  readonly allows: (origin: string) => boolean;
};

/** Indexes ALLOWED_ORIGINS; `https://*.a.com` matches exactly one label, `*` everything that is an http(s) origin. */
export function indexOrigins(origins: readonly string[]): OriginList {
  const exact = new Set(origins);
  const wildcards = origins.filter((origin) => origin.includes("://*.")).map((origin) => origin.split("*"));
  const allowsAll = exact.has("*");
  const matches = (origin: string, [scheme, rest]: readonly string[]): boolean => {
    if (scheme === undefined || rest === undefined) return false;
    if (!origin.startsWith(scheme) || !origin.endsWith(rest)) return false;
    return /^[a-z0-9-]+$/i.test(origin.slice(scheme.length, origin.length - rest.length));
  };
  return {
    allows: (origin) =>
      exact.has(origin) ||
      wildcards.some((wildcard) => matches(origin, wildcard)) ||
      (allowsAll && /^https?:\/\//.test(origin)),
  };
}

/** Finds where a visit came from: a named source and the channel it belongs to. */

/** Where a visit came from; both absent for a page that was opened directly or from the site itself. */
export type FoundSource = { readonly source?: string; readonly channel?: string };

/** What is known about how a page was reached; both addresses may be left out. */
export type SourceInput = {
  readonly url?: string | undefined;
  readonly referrer?: string | undefined;
  /** Host names of the site itself. */
  readonly siteHosts: readonly string[];
};

/** Finds source and channel of an event. */
export function findSource({ url, referrer, siteHosts }: SourceInput): FoundSource {
  const query = url === undefined ? -1 : url.indexOf("?");
  if (query >= 0) {
    const parameters = new URLSearchParams((url ?? "").slice(query));
    const named = parameters.get("utm_source") ?? parameters.get("ref") ?? parameters.get("source");
    if (named) return { source: named };
  }
  const host = /^https?:\/\/([^/?#:]+)/i.exec(referrer ?? "")?.[1]?.toLowerCase();
  if (host === undefined || siteHosts.includes(host)) return {};
  return { source: host.replace(/^www\./, ""), channel: "Referral" };
}

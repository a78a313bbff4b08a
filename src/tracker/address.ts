/** Cuts addresses to what may leave the browser, before anything is queued. */

const MAX_LENGTH = 2048;

/** Returns origin and path of a page, with `utm_*`, `ref` and `source` as all that is left of its query. */
export function reducePageAddress(page: Pick<Location, "origin" | "pathname" | "search">): string {
  const pairs = page.search.slice(1).split("&");
  const kept = pairs.filter((pair) => /^(utm_\w+|ref|source)=/.test(pair)).join("&");
  return (page.origin + page.pathname + (kept && `?${kept}`)).slice(0, MAX_LENGTH);
}

/** Returns an address without query and fragment. */
export function withoutQuery(address: string): string {
  return address.replace(/[?#].*/, "");
}

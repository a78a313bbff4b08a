/** Cuts addresses to what may leave the browser, before anything is queued. */

const MAX_LENGTH = 2048;

/** Returns the path of a page of a site whose pages are `#/about`: the fragment without its query is a part of it. */
export function hashPath(page: Pick<Location, "pathname" | "hash">): string {
  return `${page.pathname}/${page.hash.slice(1)}`.replace(/\?.*/, "").replace(/\/+/g, "/");
}

/** Returns the address of a page with its origin and a path, with `utm_*`, `ref` and `source` as all that is left of its query. */
export function reducePageAddress(page: Pick<Location, "origin" | "search">, path: string): string {
  const query = page.search.replace(/[?&](?!(utm_\w+|ref|source)=)[^&]*/g, "").replace(/^&/, "?");
  return (page.origin + path + query).slice(0, MAX_LENGTH);
}

/** Returns an address without query and fragment. */
export function withoutQuery(address: string): string {
  return address.replace(/[?#].*/, "");
}

/** Whether the page is loaded ahead of a visit that may never come. */

/** No global declaration, since a library on the same page, such as web-vitals, may bring one of its own that differs. */
type MaybePrerendering = Pick<Document, "hidden"> & { readonly prerendering?: boolean };

/** Says whether the page is still being prerendered; undefined where browsers do not do that. `prerenderingchange` ends it. */
export function isPrerendering(): boolean | undefined {
  const page: MaybePrerendering = document;
  return page.prerendering;
}

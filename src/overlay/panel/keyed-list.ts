/** A list of elements that follows a list of items; what stays keeps its element, and so its focus and what is open. */

export type Row<Item> = { readonly element: Element; readonly update: (item: Item) => void };

export type KeyedListParts<Item> = {
  readonly keyOf: (item: Item) => string;
  /** Makes the row of an item that is new; it is updated before it is shown. */
  readonly makeRow: () => Row<Item>;
};

/** Returns a function that makes the children of `parent` those of the items, in their order. */
export function keepList<Item>(
  parent: Element,
  { keyOf, makeRow }: KeyedListParts<Item>,
): (items: readonly Item[]) => void {
  let rows: ReadonlyMap<string, Row<Item>> = new Map();
  return (items) => {
    const next = new Map(items.map((item) => [keyOf(item), rows.get(keyOf(item)) ?? makeRow()]));
    for (const [key, row] of rows) if (!next.has(key)) row.element.remove();
    rows = next;
    let place = parent.firstElementChild;
    for (const item of items) {
      const row = rows.get(keyOf(item));
      if (row === undefined) continue;
      row.update(item);
      // An element that is moved loses the focus.
      if (row.element === place) place = place.nextElementSibling;
      else parent.insertBefore(row.element, place);
    }
  };
}

/**
 * Remembers what a function made of the texts it met last, because a site sees the same few hundred addresses, titles
 * and user agents all day; it promises a bounded memory.
 *
 * Two generations of half the capacity each stand in for a list ordered by use: a hit costs one look-up.
 */

export type RememberOptions<Value> = {
  /** Texts remembered at the most. */
  readonly capacity: number;
  /** Longer texts are not remembered. */
  readonly maxLength: number;
  /** Which answers may be remembered; default all. */
  readonly isKept?: (value: Value) => boolean;
};

/** Returns a function that gives what `make` gives, which must depend on its text alone. */
export function remember<Value>(
  make: (text: string) => Value,
  { capacity, maxLength, isKept = () => true }: RememberOptions<Value>,
): (text: string) => Value {
  let young = new Map<string, Value>();
  let old = new Map<string, Value>();
  return (text) => {
    const known = young.get(text);
    if (known !== undefined) return known;
    const value = old.get(text) ?? make(text);
    if (text.length > maxLength || !isKept(value)) return value;
    young.set(text, value);
    if (young.size >= capacity / 2) {
      old = young;
      young = new Map();
    }
    return value;
  };
}

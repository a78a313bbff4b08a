/** A flag that may be given several times: commander hands over each value with those before it. */

/** Gathers the values in their order. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

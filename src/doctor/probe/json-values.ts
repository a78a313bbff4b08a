/** What stands in a JSON answer of somebody else, read without trust: what has another shape is not there. */

/** The value below some keys; undefined where there is none. */
export function valueIn(value: unknown, ...keys: readonly (string | number)[]): unknown {
  let found = value;
  for (const key of keys) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Reflect.get(found, key);
  }
  return found;
}

/** The list below some keys; empty where there is none. */
export function listIn(value: unknown, ...keys: readonly (string | number)[]): readonly unknown[] {
  const found = valueIn(value, ...keys);
  return Array.isArray(found) ? found : [];
}

/** The text below some keys; empty where there is none. */
export function textIn(value: unknown, ...keys: readonly (string | number)[]): string {
  const found = valueIn(value, ...keys);
  return typeof found === "string" ? found : "";
}

/** Reads JSON; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Says whether a value is an object of JSON, or a map of YAML. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

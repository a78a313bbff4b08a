/** How a question is refused: by the place of the first thing wrong in it, with what came and what was expected. */
import { PasserbyError } from "../errors.ts";

/** A JSON object whose fields are not checked yet. */
export type Body = Readonly<Record<string, unknown>>;

/** Throws for the first key that is not known. */
export function refuseUnknownKeys(value: Body, known: readonly string[], path: string): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw refuse(`${path}/${clip(unknown)}`, "Schema does not allow additional properties.");
}

/** Says whether a value is a JSON object. */
export function isObject(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the name of a value's JSON type, for a message. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return "Null";
  if (Array.isArray(value)) return "Array";
  const name = typeof value;
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Returns a value as JSON for a message, cut at 100 characters. */
export function show(value: unknown): string {
  return clip(JSON.stringify(value) ?? "nothing");
}

function clip(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** Makes the error `invalid_query` about a place (`#/metrics/1`). */
export function refuse(path: string, message: string): PasserbyError {
  return new PasserbyError("invalid_query", `${path}: ${message}`);
}

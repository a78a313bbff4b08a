/** Variables of a compose file, as the Compose specification has them ("Interpolation"). */

/** What is noted on the way: every variable named, and those that nobody gives though the file demands them. */
export type InterpolationNotes = {
  readonly variables: Set<string>;
  readonly missing: Set<string>;
  /** Those that nobody gives, without a default. */
  readonly unset: Set<string>;
};

/** `$$`, `$NAME`, `${NAME}`, and `${NAME}` with one of `:-` `-` `:?` `?` `:+` `+` and a text, in which others may be nested. */
const VARIABLE = /\$(?:\$|(\w+)|\{(\w+)(?:(:?[-?+])((?:[^{}]|\$\{[^{}]*\})*))?\})/g;

/** Puts the variables into a text. A variable that nobody gives is empty, as Compose has it. */
export function interpolate(text: string, values: ReadonlyMap<string, string>, notes: InterpolationNotes): string {
  return text.replace(VARIABLE, (whole, bare?: string, braced?: string, operator?: string, word = "") => {
    if (whole === "$$") return "$";
    const name = bare ?? braced ?? "";
    notes.variables.add(name);
    const given = values.get(name);
    const isThere = operator?.startsWith(":") ? given !== undefined && given !== "" : given !== undefined;
    if (operator?.endsWith("-")) return isThere ? (given ?? "") : interpolate(word, values, notes);
    if (operator?.endsWith("+")) return isThere ? interpolate(word, values, notes) : "";
    if (operator?.endsWith("?") && !isThere) notes.missing.add(name);
    if (given === undefined && operator === undefined) notes.unset.add(name);
    return given ?? "";
  });
}

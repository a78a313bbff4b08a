/** Which location takes a path, by nginx's rules (ngx_http_core_find_location). */
import type { Directive } from "./nginx-config.ts";
import { capture, type Variables } from "./variables.ts";

export type Pattern = { readonly kind: "=" | "^~" | "~" | "~*" | "" | "@"; readonly text: string };

/** What a location matches. Its sign may stand apart or right before the text. */
export function patternOf({ args: [first = "", second] }: Directive): Pattern {
  const [, sign = "", glued = ""] = /^(=|\^~|~\*|~|@)?(.*)$/s.exec(first) ?? [];
  const kind = (["=", "^~", "~*", "~", "@"] as const).find((one) => one === sign) ?? "";
  return { kind, text: second ?? glued };
}

/** The locations that a path leads into, from the outermost to the innermost; none where no location takes it. */
export function findLocations(block: readonly Directive[], variables: Variables): readonly Directive[] {
  return search(block, variables).chain;
}

/** The named location, `@name`. */
export function findNamed(block: readonly Directive[], name: string): Directive | undefined {
  return locationsIn(block).find(({ args }) => args[0] === name);
}

/** Locations that stand right in a block. */
export function locationsIn(block: readonly Directive[]): readonly Directive[] {
  return block.filter(({ name, block: inner }) => name === "location" && inner !== undefined);
}

/** `isFinal`: an exact match, or an expression that matched, ends the search of the blocks around it. */
type Found = { readonly chain: readonly Directive[]; readonly isFinal: boolean };

function search(block: readonly Directive[], variables: Variables): Found {
  const all = locationsIn(block).map((location) => ({ location, ...patternOf(location) }));
  const exact = all.find(({ kind, text }) => kind === "=" && text === variables.path);
  if (exact !== undefined) return { chain: [exact.location], isFinal: true };
  const [prefix] = all
    .filter(({ kind, text }) => (kind === "" || kind === "^~") && variables.path.startsWith(text))
    .sort((a, b) => b.text.length - a.text.length);
  const inner: Found = prefix ? search(prefix.location.block ?? [], variables) : { chain: [], isFinal: false };
  const chain = prefix ? [prefix.location, ...inner.chain] : [];
  if (inner.isFinal) return { chain, isFinal: true };
  if (prefix?.kind === "^~") return { chain, isFinal: false };
  for (const { location, kind, text } of all) {
    if ((kind !== "~" && kind !== "~*") || !capture(`${kind}${text}`, variables.path, variables)) continue;
    return { chain: [location, ...search(location.block ?? [], variables).chain], isFinal: true };
  }
  return { chain, isFinal: false };
}

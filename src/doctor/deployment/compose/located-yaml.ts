/** YAML as a tree in which every value knows its file and line: aliases followed, merge keys put in, tags of Compose kept. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument } from "yaml";
import { InputUnreadable } from "../../input-errors.ts";

export type Scalar = string | number | boolean | null;

/** `!reset` takes away what an earlier file says, `!override` puts this in its place. */
type Tag = "!reset" | "!override" | undefined;

export type Located = { readonly where: string; readonly tag: Tag } & (
  | { readonly kind: "map"; readonly entries: ReadonlyMap<string, Located> }
  | { readonly kind: "list"; readonly items: readonly Located[] }
  | { readonly kind: "scalar"; readonly value: Scalar }
);

type Source = {
  readonly document: ReturnType<typeof parseDocument>;
  readonly whereIs: (node: unknown) => string | undefined;
};

/** Reads the text of a file. Throws InputUnreadable with the line of the first problem. */
export function readLocatedYaml(path: string, text: string): Located {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { merge: true, lineCounter, logLevel: "error" });
  const whereAt = (offset: number): string => `${path}:${lineCounter.linePos(offset).line}`;
  const [problem] = document.errors;
  if (problem !== undefined) {
    throw new InputUnreadable(whereAt(problem.pos[0]), problem.message.split("\n")[0] ?? "is not YAML", problem);
  }
  const whereIs = (node: unknown): string | undefined => {
    const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined;
    return range ? whereAt(range[0]) : undefined;
  };
  if (document.contents === null) throw new InputUnreadable(path, "is empty");
  return locate({ document, whereIs }, document.contents, path);
}

/** Returns a value that stands in no file by itself: part of a text, or what a list says as a map. */
export function scalarAt(value: Scalar, where: string): Located {
  return { kind: "scalar", value, where, tag: undefined };
}

/** Returns the tree as plain data, each text changed. */
export function plainOf(tree: Located, change: (text: string) => string): unknown {
  switch (tree.kind) {
    case "scalar":
      return typeof tree.value === "string" ? change(tree.value) : tree.value;
    case "list":
      return tree.items.map((item) => plainOf(item, change));
    case "map":
      return Object.fromEntries([...tree.entries].map(([key, item]) => [key, plainOf(item, change)]));
  }
}

function locate(source: Source, node: unknown, fallback: string): Located {
  const where = source.whereIs(node) ?? fallback;
  if (isAlias(node)) return locate(source, node.resolve(source.document), where);
  const tag = tagOf(node);
  if (isMap(node)) return { kind: "map", entries: entriesOf(source, node.items, where), where, tag };
  if (isSeq(node)) return { kind: "list", items: node.items.map((item) => locate(source, item, where)), where, tag };
  return { kind: "scalar", value: isScalar(node) ? scalarOf(node.value) : null, where, tag };
}

function entriesOf(source: Source, pairs: readonly Pair[], where: string): ReadonlyMap<string, Located> {
  const merged = new Map<string, Located>();
  const own = new Map<string, Located>();
  for (const { key, value } of pairs) {
    const name = String(isScalar(key) ? key.value : key);
    const line = source.whereIs(key) ?? where;
    const item = locate(source, value, line);
    if (name === "<<" || (isScalar(key) && typeof key.value === "symbol")) {
      for (const map of item.kind === "list" ? [...item.items].reverse() : [item]) {
        if (map.kind === "map") for (const [each, found] of map.entries) merged.set(each, found);
      }
    } else own.set(name, { ...item, where: line });
  }
  return new Map([...merged, ...own]);
}

function scalarOf(value: unknown): Scalar {
  if (value === null || value === undefined) return null;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : String(value);
}

function tagOf(node: unknown): Tag {
  const tag = isScalar(node) || isMap(node) || isSeq(node) ? node.tag : undefined;
  return tag === "!reset" || tag === "!override" ? tag : undefined;
}

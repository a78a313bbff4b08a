/** Mutants of a deployment's compose file and variables: one key dropped, one list item dropped, one value changed. */
import { isMap, isScalar, isSeq, type Node, parseDocument, visit } from "yaml";

/** A file with one change; `name` says what was changed. */
export type Mutant = { readonly name: string; readonly text: string };

/** Every mutant of a compose file: of each pair and item one without it, and of each value the changes of `changesOf`. */
export function mutateCompose(text: string): readonly Mutant[] {
  const mutants: Mutant[] = [];
  const document = parseDocument(text);
  visit(document, {
    Pair: (_key, pair, path) => {
      const { key, value } = pair;
      if (!isScalar(key) || key.value === "<<") return undefined;
      const at = [...namesOf(path), String(key.value)].join(".");
      mutants.push({ name: `without ${at}`, text: withoutPair(text, [...keysOf(path), String(key.value)]) });
      if (isScalar(value)) pushChanges(mutants, { text, at, node: value });
      return undefined;
    },
    Seq: (_key, seq, path) => {
      const at = namesOf([...path]).join(".");
      for (const [index, item] of seq.items.entries()) {
        if (!isScalar(item)) continue;
        mutants.push({
          name: `without ${at}[${String(item.value)}]`,
          text: withoutPair(text, [...keysOf(path), index]),
        });
        pushChanges(mutants, { text, at: `${at}[${String(item.value)}]`, node: item });
      }
      return undefined;
    },
  });
  return mutants;
}

/** Every mutant of a file of variables. */
export function mutateEnv(text: string): readonly Mutant[] {
  return [...text.matchAll(/^(\w+)=(.*)$/gm)].flatMap(([line, name = "", value = ""]) => [
    { name: `without ${name}`, text: text.replace(`${line}\n`, "") },
    { name: `${name} misspelt`, text: text.replace(line, `${name.slice(0, -1)}=${value}`) },
    ...changesOf(value).map((changed) => ({
      name: `${name}=${changed}`,
      text: text.replace(line, `${name}=${changed}`),
    })),
  ]);
}

type Place = { readonly text: string; readonly at: string; readonly node: Node };

function pushChanges(mutants: Mutant[], { text, at, node }: Place): void {
  const { range } = node;
  if (!isScalar(node) || !range) return;
  for (const changed of changesOf(String(node.value ?? ""))) {
    const written = /^[\w./-]+$/.test(changed) ? changed : JSON.stringify(changed);
    const kept =
      typeof node.value === "string" && /^(\d[\d.]*|true|false|on|off|)$/.test(changed)
        ? JSON.stringify(changed)
        : written;
    mutants.push({ name: `${at}: ${changed}`, text: text.slice(0, range[0]) + kept + text.slice(range[1]) });
  }
}

/**
 * What becomes of a value: a truth is turned round; a number becomes 0 and a thousand times itself; a flag or a text loses
 * its last letter; of `a:b` each part does.
 */
function changesOf(value: string): readonly string[] {
  if (value === "true") return ["false"];
  if (value === "false") return ["true"];
  if (/^\d+$/.test(value)) return value === "0" ? ["1000"] : ["0", `${value}000`];
  if (/^\d*\.\d+$/.test(value)) return ["0"];
  if (value === "" || value.includes("$")) return [];
  const parts = value.split(":");
  return parts.map((part, index) => parts.with(index, part.slice(0, -1)).join(":"));
}

type Path = readonly unknown[];

function keysOf(path: Path): (string | number)[] {
  return path.flatMap((node, index): (string | number)[] => {
    if (isSeq(node)) {
      const next = path[index + 1];
      return next === undefined ? [] : [node.items.indexOf(next)];
    }
    return typeof node === "object" && node !== null && "key" in node && isScalar(node.key)
      ? [String(node.key.value)]
      : [];
  });
}

function namesOf(path: Path): string[] {
  return keysOf(path).map(String);
}

/** The text without what stands at a path. The rest is written anew by the library, which changes nothing in its meaning. */
function withoutPair(text: string, path: readonly (string | number)[]): string {
  const document = parseDocument(text);
  document.deleteIn(path);
  visit(document, {
    // An anchor that went with what was deleted leaves aliases behind, which no file may have.
    Alias: (_key, alias) => (alias.resolve(document) === undefined ? visit.REMOVE : undefined),
  });
  return isMap(document.contents) ? document.toString({ lineWidth: 0 }) : "";
}

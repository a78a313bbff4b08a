/** Several compose files as one, and services that extend others: as the Compose specification merges them. */
import { InputUnreadable } from "../../input-errors.ts";
import { type Located, scalarAt } from "./located-yaml.ts";

/** Lists that a later file replaces; every other list grows. */
const REPLACED: readonly string[] = ["command", "entrypoint", "test"];
/** Of a list of `NAME=value`, which is a map in other words. */
const PAIRS: readonly string[] = ["environment", "labels", "args", "sysctls", "extra_hosts"];
/** Of a list of names. */
const NAMES: readonly string[] = ["networks", "depends_on"];
/** Things that belong to a place in the container: a later one takes the place of an earlier one. */
const PLACED: readonly string[] = ["volumes", "secrets", "configs"];

/** Returns the first file changed by the second. */
export function mergeCompose(base: Located, over: Located, key = ""): Located {
  if (over.tag === "!override") return over;
  const [a, b] = [asMap(base, key), asMap(over, key)];
  if (a.kind === "map" && b.kind === "map") {
    const entries = new Map(a.entries);
    for (const [name, value] of b.entries) {
      const before = entries.get(name);
      if (value.tag === "!reset") entries.delete(name);
      else entries.set(name, before === undefined ? value : mergeCompose(before, value, name));
    }
    return { ...a, entries };
  }
  if (!REPLACED.includes(key) && (base.kind === "list" || over.kind === "list")) {
    return joinLists(itemsOf(base), itemsOf(over), key, over);
  }
  return over;
}

/**
 * Puts into each service that `extends` another one what it takes from it; `readOther` reads the file that is named for it,
 * and returns undefined where that is the same file. Throws InputUnreadable where there is no such service, or a circle.
 */
export function withExtended(project: Located, readOther: (path: Located) => Located | undefined): Located {
  const services = servicesOf(project);
  if (project.kind !== "map" || services === undefined) return project;
  const extend = (service: Located, seen: readonly string[]): Located => {
    if (service.kind !== "map") return service;
    const { name, file } = extendedBy(service.entries.get("extends"));
    if (name === undefined) return service;
    const other = file && readOther(file);
    const base = (other === undefined ? services : servicesOf(other))?.entries.get(name);
    if (base === undefined || (other === undefined && seen.includes(name))) {
      throw new InputUnreadable(service.where, `it extends ${name}, which ${base ? "extends it" : "is not there"}`);
    }
    const own = new Map([...service.entries].filter(([key]) => key !== "extends"));
    return mergeCompose(other === undefined ? extend(base, [...seen, name]) : base, { ...service, entries: own });
  };
  const entries = new Map([...services.entries].map(([name, service]) => [name, extend(service, [name])]));
  return { ...project, entries: new Map([...project.entries, ["services", { ...services, entries }]]) };
}

function servicesOf(project: Located): (Located & { readonly kind: "map" }) | undefined {
  const services = project.kind === "map" ? project.entries.get("services") : undefined;
  return services?.kind === "map" ? services : undefined;
}

/** Which service is extended, and the file that it is of where that is another one. */
function extendedBy(extend: Located | undefined): { readonly name?: string; readonly file?: Located } {
  if (extend?.kind === "scalar") return { name: String(extend.value) };
  if (extend?.kind !== "map") return {};
  const [service, file] = [extend.entries.get("service"), extend.entries.get("file")];
  return { ...(service?.kind === "scalar" && { name: String(service.value) }), ...(file && { file }) };
}

function asMap(tree: Located, key: string): Located {
  if (tree.kind !== "list" || !(PAIRS.includes(key) || NAMES.includes(key))) return tree;
  const entries = new Map<string, Located>();
  for (const item of tree.items) {
    const [, name = "", value] = /^([^=]*)(?:=([\s\S]*))?$/.exec(textOf(item)) ?? [];
    entries.set(name, scalarAt(value ?? null, item.where));
  }
  return { kind: "map", entries, where: tree.where, tag: tree.tag };
}

function itemsOf(tree: Located): readonly Located[] {
  if (tree.kind === "list") return tree.items;
  return tree.kind === "scalar" && tree.value === null ? [] : [tree];
}

function joinLists(before: readonly Located[], after: readonly Located[], key: string, over: Located): Located {
  const placeOf = (item: Located): string => (PLACED.includes(key) ? targetOf(item, key) : textOf(item));
  const replaced = new Map(after.map((item) => [placeOf(item), item]));
  const kept = before.map((item) => replaced.get(placeOf(item)) ?? item);
  const known = new Set(before.map(placeOf));
  const items = [...kept, ...after.filter((item) => !known.has(placeOf(item)))];
  return { kind: "list", items, where: over.where, tag: undefined };
}

function targetOf(item: Located, key: string): string {
  if (item.kind === "map") {
    const target = item.entries.get("target") ?? item.entries.get("source");
    return target === undefined ? "" : textOf(target);
  }
  const parts = textOf(item).split(":");
  return key === "volumes" ? (parts[1] ?? parts[0] ?? "") : textOf(item);
}

function textOf(item: Located): string {
  return item.kind === "scalar" ? String(item.value) : JSON.stringify(item);
}

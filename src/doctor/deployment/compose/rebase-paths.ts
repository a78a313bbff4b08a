/** The paths in a compose file as they are seen from another folder. */
import { join } from "node:path";
import { type Located, scalarAt } from "./located-yaml.ts";

type Change = (tree: Located) => Located;

/** Returns a file whose relative paths are led through `folder`, the way to it from the folder they shall be seen from. */
export function rebased(file: Located, folder: string): Located {
  if (folder === "") return file;
  const led = (text: string): string => `./${join(folder, text)}`;
  // Without a dot it is the name of a volume.
  const mount = changeTexts((text) => (/^\.{1,2}(\/|$)/.test(text) ? led(text) : text), "source");
  const path = (key: string): Change => changeTexts((text) => (/^[/~$]|^\w+:/.test(text) ? text : led(text)), key);
  const steps: readonly (readonly [key: string, change: Change])[] = [
    ["env_file", path("path")],
    ["volumes", mount],
    ["build", path("context")],
  ];
  const service: Change = (tree) => steps.reduce((so, [key, change]) => changeAt(so, key, change), tree);
  const withFile: Change = (tree) => changeAt(tree, "file", path("file"));
  const moved = changeAt(file, "services", (all) => changeEach(all, service));
  return ["secrets", "configs"].reduce((so, kind) => changeAt(so, kind, (all) => changeEach(all, withFile)), moved);
}

/** Changes a text, every text of a list, or what stands in a map under the key. */
function changeTexts(change: (text: string) => string, key: string): Change {
  const walk: Change = (tree) => {
    if (tree.kind === "list") return { ...tree, items: tree.items.map(walk) };
    if (tree.kind === "map") return changeAt(tree, key, walk);
    return typeof tree.value === "string" ? { ...scalarAt(change(tree.value), tree.where), tag: tree.tag } : tree;
  };
  return walk;
}

function changeAt(tree: Located, key: string, change: Change): Located {
  const value = tree.kind === "map" ? tree.entries.get(key) : undefined;
  if (tree.kind !== "map" || value === undefined) return tree;
  return { ...tree, entries: new Map([...tree.entries, [key, change(value)]]) };
}

function changeEach(tree: Located, change: Change): Located {
  if (tree.kind !== "map") return tree;
  return { ...tree, entries: new Map([...tree.entries].map(([name, value]) => [name, change(value)])) };
}

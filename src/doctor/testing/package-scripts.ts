/** The scripts of a package.json, and what it depends on. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseJson, valueIn } from "../probe/json-values.ts";

export type PackageScripts = {
  readonly path: string;
  readonly scripts: ReadonlyMap<string, string>;
  readonly dependencies: ReadonlySet<string>;
};

/** Reads the package.json of a folder; undefined where there is none that parses. */
export function readPackage(folder: string): PackageScripts | undefined {
  const path = join(folder, "package.json");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  const facts = parseJson(text);
  if (facts === undefined) return undefined;
  const entriesOf = (key: string): readonly [string, unknown][] => {
    const value = valueIn(facts, key);
    return typeof value === "object" && value !== null ? Object.entries(value) : [];
  };
  return {
    path,
    scripts: new Map(entriesOf("scripts").map(([name, command]) => [name, String(command)])),
    dependencies: new Set(["dependencies", "devDependencies"].flatMap(entriesOf).map(([name]) => name)),
  };
}

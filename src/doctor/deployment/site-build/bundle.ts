/** What a built site really holds: Vite writes the values of VITE_ variables into the scripts as it builds. */
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

export type Bundle = { readonly folder: string; readonly scripts: readonly Script[] };
export type Script = { readonly path: string; readonly text: string };

/** Names that builds have. */
const FOLDERS: readonly string[] = ["dist", "build", "dist/client", "public/build"];
const MAX_SCRIPTS = 500;
const MAX_BYTES = 8 * 1024 * 1024;

/** Reads the scripts of the newest build below a folder; undefined where nothing is built. */
export function readBundle(site: string): Bundle | undefined {
  const [folder] = FOLDERS.map((name) => join(site, name))
    .filter((path) => existsSync(path))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (folder === undefined) return undefined;
  const paths = globSync("**/*.{js,mjs,html}", { cwd: folder }).sort().slice(0, MAX_SCRIPTS);
  const scripts = paths
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).size <= MAX_BYTES)
    .map((path) => ({ path, text: readFileSync(path, "utf8") }));
  return { folder, scripts };
}

/**
 * Returns what a variable became in a script: where the whole of `import.meta.env` was put in, its name stands beside the
 * value. Undefined where it is not to be seen so.
 */
export function builtValue(
  { scripts }: Bundle,
  name: string,
): { readonly value: string; readonly where: string } | undefined {
  for (const { path, text } of scripts) {
    const [, quoted, bare] =
      new RegExp(`\\b${name}["']?\\s*:\\s*(?:["'\`]([^"'\`]*)["'\`]|([\\w.]+))`).exec(text) ?? [];
    const value = quoted ?? bare;
    if (value !== undefined) return { value, where: path };
  }
  return undefined;
}

/** Returns the first script that holds a text. */
export function scriptWith({ scripts }: Bundle, text: string | RegExp): Script | undefined {
  return scripts.find((script) => (typeof text === "string" ? script.text.includes(text) : text.test(script.text)));
}

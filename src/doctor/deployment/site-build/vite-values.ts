/** The VITE_ variables that a site is built with for production, from the file of variables or from the site's own files. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type EnvFile, readEnvFile } from "../env-file.ts";

export type ViteValue = { readonly value: string; readonly where: string };

export type ViteSite = {
  /** Folder of the site; undefined for values of the file of variables alone. */
  readonly folder: string | undefined;
  readonly values: ReadonlyMap<string, ViteValue>;
};

/** Files that Vite reads for a production build, the later one winning. */
const FILES: readonly string[] = [".env", ".env.local", ".env.production", ".env.production.local"];
const NOT_A_SITE = /^(node_modules|dist|build|data|\..*)$/;
const MAX_DEPTH = 2;

/** Finds the sites of a repository that give such a variable, and what the file of variables gives. */
export function findViteSites(repo: string | undefined, env: EnvFile | undefined): readonly ViteSite[] {
  const folders = repo === undefined ? [] : listFolders(repo, 0);
  const given = readValues(env === undefined ? [] : [env]);
  const sites = folders.map((folder) => ({ folder, values: new Map([...given, ...readFolder(folder)]) }));
  const own = sites.filter(({ folder, values }) => values.size > given.size || hasViteConfig(folder));
  const found = own.filter(({ values }) => values.size > 0);
  return found.length === 0 && given.size > 0 ? [{ folder: repo, values: given }] : found;
}

function readFolder(folder: string): ReadonlyMap<string, ViteValue> {
  return readValues(
    FILES.map((name) => join(folder, name))
      .filter((path) => existsSync(path))
      .map(readEnvFile),
  );
}

function readValues(files: readonly EnvFile[]): ReadonlyMap<string, ViteValue> {
  return new Map(
    files.flatMap(({ values, whereIs }) =>
      [...values]
        .filter(([name]) => name.startsWith("VITE_"))
        .map(([name, value]) => [name, { value, where: whereIs(name) }] as const),
    ),
  );
}

function hasViteConfig(folder: string): boolean {
  return readdirSync(folder).some((name) => /^vite\.config\.\w+$/.test(name));
}

function listFolders(folder: string, depth: number): readonly string[] {
  if (depth === MAX_DEPTH) return [folder];
  const below = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !NOT_A_SITE.test(entry.name),
  );
  return [folder, ...below.flatMap(({ name }) => listFolders(join(folder, name), depth + 1))];
}

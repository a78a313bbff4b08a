/** A site of somebody else: a folder of files with the tracker's package, as it is published, in its node_modules. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BUILT_TRACKER } from "./built-tracker.ts";

const PACKAGES = fileURLToPath(new URL("../../node_modules/", import.meta.url));

export type SiteProject = {
  readonly folder: string;
  /** Writes files by their path in the folder. */
  readonly write: (files: Readonly<Record<string, string>>) => void;
  readonly remove: () => void;
};

/** Makes a project that has `packages` of ours beside the tracker. */
export async function makeSiteProject(packages: readonly string[]): Promise<SiteProject> {
  const folder = mkdtempSync(join(tmpdir(), "passerby-site-"));
  const write: SiteProject["write"] = (files) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  };
  for (const name of packages) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(PACKAGES, name), link);
  }
  cpSync(BUILT_TRACKER, join(folder, "node_modules/passerby-tracker"), { recursive: true });
  write({ "package.json": '{ "type": "module", "private": true }' });
  return { folder, write, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

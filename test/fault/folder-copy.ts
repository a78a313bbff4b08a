/** A folder's files as a process that dies now leaves them, held in memory and put back later. */
import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Contents by name; two names of one file are one object. */
export type FolderCopy = ReadonlyMap<string, { readonly content: Buffer }>;

/** Copies the files of a folder that nobody renames meanwhile; sockets are left out, for nobody listens on them later. */
export function copyFolder(folder: string): FolderCopy {
  const files = new Map<string, { readonly content: Buffer }>();
  const byInode = new Map<number, { readonly content: Buffer }>();
  for (const name of readdirSync(folder)) {
    const stats = lstatSync(join(folder, name));
    if (!stats.isFile()) continue;
    const file = byInode.get(stats.ino) ?? { content: readFileSync(join(folder, name)) };
    byInode.set(stats.ino, file);
    files.set(name, file);
  }
  return files;
}

/** Makes a folder hold what a copy holds, and nothing else. */
export function putBack(folder: string, files: FolderCopy): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  const written = new Map<object, string>();
  for (const [name, file] of files) {
    const twin = written.get(file);
    if (twin === undefined) writeFileSync(join(folder, name), file.content, { mode: 0o600 });
    else linkSync(join(folder, twin), join(folder, name));
    written.set(file, name);
  }
}

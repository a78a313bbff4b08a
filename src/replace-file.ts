/** Replaces a small file as a whole: after a crash at any moment the old text or the new one is there, never half. */
import { closeSync, fchmodSync, fchownSync, fsyncSync, openSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export type Permissions = {
  /** Permission bits, whatever the umask; 0600 by default. */
  readonly mode?: number;
  /** Whose the file is to be; whoever runs this by default. */
  readonly owner?: { readonly uid: number; readonly gid: number };
};

/** Writes text to `path` through a temporary file, synced with its folder. Throws the system's error. */
export function replaceFile(path: string, text: string, { mode, owner }: Permissions = {}): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, "w", 0o600);
  try {
    // Owner first: changing it takes bits away.
    if (owner !== undefined) fchownSync(file, owner.uid, owner.gid);
    if (mode !== undefined) fchmodSync(file, mode);
    writeFileSync(file, text);
    fsyncSync(file);
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  } finally {
    closeSync(file);
  }
  syncFolder(dirname(path));
}

/** Makes the names in a folder durable: a new file is only safe once its folder is synced (fsync(2), notes). */
export function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Writes an edit that its owner agreed to, with the old file kept beside the new one. */
import { constants, copyFileSync, readFileSync, realpathSync, statSync } from "node:fs";
import { replaceFile } from "../../replace-file.ts";
import type { FileEdit } from "../check.ts";

/** The file is not what was looked at any more. */
export class EditRefused extends Error {}

/** What became of it: the file that was written, and the copy of the old one; undefined where there was none. */
export type Applied = { readonly path: string; readonly backup: string | undefined };

const NEW_FILE_MODE = 0o644;

/**
 * Writes the file as a whole, with its mode and owner as they were; a link stays one. The old file is copied to
 * `FILE.bak-<UTC time>` first. Throws EditRefused, with nothing changed, when the file is not as the edit found it.
 */
export function applyEdit({ path, before, after }: FileEdit, nowMs: number): Applied {
  const target = findTarget(path);
  if (target === undefined) {
    if (before !== "") throw new EditRefused(`${path} is gone`);
    replaceFile(path, after, { mode: NEW_FILE_MODE });
    return { path, backup: undefined };
  }
  if (readFileSync(target, "utf8") !== before) throw new EditRefused(`${path} has changed since it was read`);
  const { mode, uid, gid } = statSync(target);
  const backup = `${target}.bak-${new Date(nowMs).toISOString().replace(/[-:]/g, "")}`;
  copyFileSync(target, backup, constants.COPYFILE_EXCL);
  replaceFile(target, after, { mode: mode & 0o7777, owner: { uid, gid } });
  return { path: target, backup };
}

function findTarget(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

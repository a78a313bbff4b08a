/** The few file operations that survive a power cut, each done in the order that makes it so (synchronous: the writer's). */
import { closeSync, fsyncSync, ftruncateSync, linkSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../../errors.ts";

/** Makes the names in a folder durable: a new file is not there after a power cut until its folder is synced. */
export function syncFolder(path: string): void {
  withFile(path, "r", fsyncSync);
}

/** Makes a file's content durable. */
export function syncFile(path: string): void {
  withFile(path, "r+", fsyncSync);
}

/** Writes all bytes at the end of a descriptor; `write` may take fewer than asked and say nothing (a full disk). */
export function writeAll(descriptor: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(descriptor, bytes, written, bytes.length - written, null);
}

/** Cuts a file to a length and syncs it. */
export function cutFile(path: string, bytes: number): void {
  withFile(path, "r+", (descriptor) => {
    ftruncateSync(descriptor, bytes);
    fsyncSync(descriptor);
  });
}

/** Opens a file for as long as `use` runs. */
export function withFile<Result>(path: string, flags: string, use: (descriptor: number) => Result): Result {
  const descriptor = openSync(path, flags, 0o600);
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Gives a file the first free of a series of names and takes the old one away; returns the new name. `link` refuses a
 * name that is taken, where a rename would replace it. Killed in between, the file has two names of one inode.
 */
export function renameToFree(folder: string, name: string, candidate: (attempt: number) => string): string {
  for (let attempt = 0; ; attempt++) {
    const free = candidate(attempt);
    if (!linkIfFree(join(folder, name), join(folder, free))) continue;
    syncFolder(folder);
    unlinkSync(join(folder, name));
    return free;
  }
}

function linkIfFree(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "EEXIST") return false;
    throw error;
  }
}

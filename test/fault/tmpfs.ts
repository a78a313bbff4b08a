/** Small file systems in memory, to fill up: only root can mount them. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

function mount(folder: string, size: string): boolean {
  return spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "passerby-test", folder]).status === 0;
}

function unmount(folder: string): void {
  spawnSync("umount", ["--lazy", folder]);
  rmSync(folder, { recursive: true, force: true });
}

function canMountTmpfs(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "passerby-mount-"));
  try {
    return mount(folder, "64k");
  } finally {
    unmount(folder);
  }
}

/** True where a test can mount a tmpfs. */
export const hasTmpfs: boolean = canMountTmpfs();

/** Mounts a tmpfs of a size (`2m`) for the running test and returns its folder. */
export function mountTmpfs(size: string): string {
  const folder = mkdtempSync(join(tmpdir(), "passerby-disk-"));
  onTestFinished(() => unmount(folder));
  if (!mount(folder, size)) throw new Error(`no tmpfs could be mounted on ${folder}`);
  return folder;
}

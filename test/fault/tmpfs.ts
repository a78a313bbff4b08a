/** Small file systems in memory, to fill up or to fail for real: only root can mount them. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
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

/** True where a test can make an ext4 file system in a file and mount it. */
export const hasLoopMount: boolean = hasTmpfs && existsSync("/usr/sbin/mkfs.ext4") && existsSync("/dev/loop-control");

/** A file system that can break as ext4 does when its journal cannot be written: from then on it is read-only. */
export type BreakableDisk = {
  readonly folder: string;
  readonly break: () => void;
  /** Mounts the file system anew, as a start of the machine would; nobody may have a file of it open. */
  readonly repair: () => void;
};

/**
 * Mounts an ext4 file system of 16 MB for the running test. (One that fails for lack of space below it proves nothing:
 * the loop device of Linux 6.18 reports a write that its full disk cut short as done.)
 */
export function mountBreakableDisk(): BreakableDisk {
  const image = join(mountTmpfs("20m"), "image");
  const folder = mkdtempSync(join(tmpdir(), "passerby-breakable-"));
  onTestFinished(() => unmount(folder));
  const mountImage = (): void => run("mount", ["-o", "loop", image, folder]);
  run("truncate", ["-s", "16m", image]);
  run("/usr/sbin/mkfs.ext4", ["-q", "-F", "-E", "lazy_itable_init=1", image]);
  mountImage();
  return {
    folder,
    break: () => run("mount", ["-o", "remount,abort", folder]),
    repair: () => {
      run("umount", [folder]);
      mountImage();
    },
  };
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
}

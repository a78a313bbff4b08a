/** Small file systems in memory, to fill up or to fail for real: only root can mount them. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
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

/** Mounts an ext4 file system of 16 MB for the running test. */
export function mountBreakableDisk(): BreakableDisk {
  const image = join(mountTmpfs("20m"), "image");
  const folder = mkdtempSync(join(tmpdir(), "passerby-breakable-"));
  onTestFinished(() => unmount(folder));
  const mountImage = (): string => run("mount", ["-o", "loop", image, folder]);
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

/** A file system on a disk that has less room than it says: what does not fit is lost when it is written back. */
export type OverfullDisk = {
  readonly folder: string;
  /** Bytes that the disk still takes. */
  readonly roomBelow: () => number;
  /** Gives the disk the room that it lacked. */
  readonly grow: () => void;
  /** Drops what the kernel holds in memory, so that reading reads the disk. */
  readonly forgetPages: () => void;
  /** Mounts the file system anew; nobody may have a file of it open. */
  readonly remount: () => void;
};

/**
 * Mounts an ext4 file system of 64 MB without a journal on a tmpfs of 12 MB for the running test. Blocks and requests
 * are of 4 KiB, a page of the tmpfs: of a larger request that does not fit, the loop device of Linux 6.18 writes a part
 * and reports all of it as done, and no program can live through a disk that lies. Nor through one that loses the block
 * in which the file system has the place of what was synced before: a write that fails must not cut extents in pieces,
 * hence `dioread_lock` (ext4(5)), with which none is marked as unwritten first.
 */
export function mountOverfullDisk(): OverfullDisk {
  const below = mountTmpfs("12m");
  const image = join(below, "image");
  const folder = mkdtempSync(join(tmpdir(), "passerby-overfull-"));
  run("truncate", ["-s", "64m", image]);
  run("/usr/sbin/mkfs.ext4", ["-q", "-F", "-b", "4096", "-E", "lazy_itable_init=1", "-O", "^has_journal", image]);
  const device = run("losetup", ["--find", "--show", image]).trim();
  const requestSize = `/sys/block/${basename(device)}/queue/max_sectors_kb`;
  const before = readFileSync(requestSize, "utf8");
  onTestFinished(() => {
    unmount(folder);
    writeFileSync(requestSize, before); // The device keeps it for whoever gets it next.
    run("losetup", ["--detach", device]);
  });
  writeFileSync(requestSize, "4");
  const mountDevice = (): string => run("mount", ["-o", "dioread_lock", device, folder]);
  mountDevice();
  const roomBelow = (): number => {
    const { bavail, bsize } = statfsSync(below);
    return bavail * bsize;
  };
  return {
    folder,
    roomBelow,
    grow: () => run("mount", ["-o", "remount,size=80m", below]),
    forgetPages: () => writeFileSync("/proc/sys/vm/drop_caches", "3"),
    remount: () => {
      run("umount", [folder]);
      mountDevice();
    },
  };
}

/** Runs a program and returns what it printed; throws when it fails. */
function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

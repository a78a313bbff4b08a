/** The collector that runs on this machine, as the kernel shows it: found by the file of the log that it holds open. */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";

export type RunningProcess = {
  readonly pid: number;
  /** Fields of /proc/PID/status. */
  readonly status: ReadonlyMap<string, string>;
  /** Mount options of its root file system. */
  readonly rootOptions: readonly string[];
  /** What AppArmor or SELinux says; empty where there is neither. */
  readonly label: string;
};

/** `found` is empty where no process holds the log open; `isPartial` where some processes could not be looked at. */
export type Search = { readonly found: readonly RunningProcess[]; readonly isPartial: boolean };

const ACTIVE = /^metrics(\.w\d+)?\.jsonl$/;

/** Looks for the processes that write the log of a data directory, in whatever container they are. */
export function findWriters(dataDir: string, proc = "/proc"): Search {
  const files = readdirSync(dataDir)
    .filter((name) => ACTIVE.test(name))
    .map((name) => statSync(join(dataDir, name), { throwIfNoEntry: false }))
    .filter((stats) => stats !== undefined);
  const inodes = new Set(files.map(({ dev, ino }) => `${dev}:${ino}`));
  let isPartial = false;
  const found = readdirSync(proc)
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const held = openFiles(join(proc, pid, "fd"));
      if (held === undefined) isPartial = true;
      return held?.some((inode) => inodes.has(inode)) ?? false;
    })
    .flatMap((pid) => readProcess(proc, pid));
  return { found, isPartial };
}

/** Device and inode of each file of the log that a process holds; undefined where the kernel does not show it. */
function openFiles(folder: string): readonly string[] | undefined {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    // A process that has ended meanwhile is none that was kept from us.
    return error instanceof Error && "code" in error && error.code === "EACCES" ? undefined : [];
  }
  return names.flatMap((name) => {
    const path = join(folder, name);
    try {
      // Following only what is named like the log: to stat a pipe or a file on a hanging mount would be slow.
      if (!ACTIVE.test(readlinkSync(path).split("/").at(-1) ?? "")) return [];
      const { dev, ino } = statSync(path);
      return [`${dev}:${ino}`];
    } catch {
      return [];
    }
  });
}

function readProcess(proc: string, pid: string): readonly RunningProcess[] {
  try {
    const status = new Map(
      readFileSync(join(proc, pid, "status"), "utf8")
        .split("\n")
        .map((line) => {
          const [name = "", ...rest] = line.split(":");
          return [name, rest.join(":").trim()] as const;
        }),
    );
    return [{ pid: Number(pid), status, rootOptions: readRoot(proc, pid), label: readLabel(proc, pid) }];
  } catch {
    return [];
  }
}

/** Field 5 is the mount point, field 6 its options (proc(5)); of several on / the last one is seen. */
function readRoot(proc: string, pid: string): readonly string[] {
  const lines = readFileSync(join(proc, pid, "mountinfo"), "utf8").split("\n");
  const root = lines.map((line) => line.split(" ")).findLast((fields) => fields[4] === "/");
  return root?.[5]?.split(",") ?? [];
}

function readLabel(proc: string, pid: string): string {
  try {
    return readFileSync(join(proc, pid, "attr/current"), "utf8").replace(/[\0\n]+$/, "");
  } catch {
    // A kernel without a security module has no such file, or does not let it be read.
    return "";
  }
}

/**
 * A container without a container engine: bubblewrap with the files of the image and the restrictions of the compose file.
 * User 1001, a read-only root, /data to write to, /tmp in memory, no capability, no new privileges, processes of its own,
 * and, where they can be had, the system calls that Docker allows and no other.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bwrap, findPart, seccompProfile } from "../means.ts";
import { parseCompose, type Service, serviceOf } from "./compose-file.ts";
import { imageEntrypoint, imageEnvironment, imageFiles } from "./image-files.ts";

const USER = 1001;
const COMPILER = fileURLToPath(new URL("compile-seccomp.py", import.meta.url));
const isRoot = process.getuid?.() === 0;

/** Why no sandbox can be made here, in the words of a test's name; undefined where one can. */
export const missing: string | undefined = findMissing();

/** What the filter of system calls lacks here, in the same words; undefined where it can be made. */
export const missingForFilter: string | undefined = ["Docker's seccomp profile", "python3-seccomp"].find(
  (need) => findPart(need) === undefined,
);

export type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** A process in a sandbox. */
export type Running = {
  /** Resolves with what it has printed once that has a match; rejects when it ends before. */
  readonly printed: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Sends SIGTERM to the program itself, as Docker's init does, and waits for its end. */
  readonly stop: () => Promise<Finished>;
};

/** The settings that a sandbox shares with the machine, and so cannot have as a container does. */
export type Changes = Readonly<Record<string, string>>;

export type Sandbox = {
  readonly dataDir: string;
  /** Starts a service of the compose file. */
  readonly start: (service: string, changes?: Changes) => Running;
  /** Runs a command where a service is, to its end. */
  readonly exec: (service: string, command: readonly string[], changes?: Changes) => Promise<Finished>;
  readonly remove: () => void;
};

/** Makes a data directory and, where it can be, the filter. Remove it. */
export function makeSandbox(): Sandbox {
  const folder = mkdtempSync(join(tmpdir(), "passerby-sandbox-"));
  const dataDir = mkdtempSync(join(tmpdir(), "passerby-sandbox-data-"));
  if (isRoot) chownSync(dataDir, USER, USER);
  const filter = missingForFilter === undefined ? join(folder, "filter.bpf") : undefined;
  if (filter !== undefined) compileFilter(filter);
  const compose = parseCompose();
  const run = (name: string, command: readonly string[], changes: Changes): ChildProcess =>
    spawnInside({ service: serviceOf(compose, name), dataDir, filter, command, changes });
  return {
    dataDir,
    start: (name, changes = {}) => {
      const { command = [] } = serviceOf(compose, name);
      return follow(run(name, [...imageEntrypoint(), ...command], changes));
    },
    exec: (name, command, changes = {}) => finish(run(name, command, changes)),
    remove: () => {
      rmSync(folder, { recursive: true });
      rmSync(dataDir, { recursive: true });
    },
  };
}

type Inside = {
  readonly service: Service;
  readonly dataDir: string;
  readonly filter: string | undefined;
  readonly command: readonly string[];
  readonly changes: Changes;
};

function spawnInside({ service, dataDir, filter, command, changes }: Inside): ChildProcess {
  const environment = { PATH: "/usr/local/bin:/usr/bin", ...imageEnvironment(), ...service.environment, ...changes };
  const descriptor = filter === undefined ? undefined : openSync(filter, "r");
  const args = [
    ...imageFiles().flatMap(({ here, there }) => ["--ro-bind", here, there]),
    ...["--bind", dataDir, "/data", "--tmpfs", "/tmp", "--chdir", "/app", "--remount-ro", "/"],
    ...(service.network_mode === "none" ? ["--unshare-net"] : []),
    ...Object.entries(environment).flatMap(([name, value]) => ["--setenv", name, value]),
    ...(descriptor === undefined ? [] : ["--seccomp", "3"]),
    ...["--", ...command],
  ];
  const [program = "", ...words] = sandboxed(args);
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe", descriptor ?? "ignore"], env: {} });
  if (descriptor !== undefined) closeSync(descriptor);
  return child;
}

/** The command line of a sandbox that has a system and the project's Node, but nothing of ours yet. */
function sandboxed(args: readonly string[]): readonly string[] {
  const user = isRoot ? ["/usr/bin/setpriv", "--reuid", `${USER}`, "--regid", `${USER}`, "--clear-groups"] : [];
  return [
    ...user,
    bwrap ?? "bwrap",
    ...["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--uid", `${USER}`, "--gid", `${USER}`],
    ...["--cap-drop", "ALL", "--die-with-parent", "--new-session", "--clearenv"],
    ...["--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"],
    ...["--symlink", "usr/bin", "/bin", "--proc", "/proc", "--dev", "/dev"],
    ...["--tmpfs", "/usr/local", "--ro-bind", process.execPath, "/usr/local/bin/node", "--remount-ro", "/usr/local"],
    ...args,
  ];
}

function findMissing(): string | undefined {
  if (bwrap === undefined) return "bwrap";
  const [program = "", ...args] = sandboxed(["--", "node", "--version"]);
  return spawnSync(program, args).status === 0 ? undefined : "user namespaces";
}

function compileFilter(path: string): void {
  // The module is Debian's, so its Python is, too.
  const { status, stderr } = spawnSync("/usr/bin/python3", [COMPILER, seccompProfile ?? "", path], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the filter of system calls cannot be made: ${stderr}`);
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  return output;
}

async function finish(child: ChildProcess): Promise<Finished> {
  const output = collect(child);
  await once(child, "close");
  return { code: child.exitCode, ...output };
}

function follow(child: ChildProcess): Running {
  const output = collect(child);
  const closed = once(child, "close");
  return {
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(output.stdout);
          if (found !== null) resolve(found);
        };
        child.stdout?.on("data", look);
        child.once("close", () => reject(new Error(`it ended with ${child.exitCode}: ${output.stderr}`)));
        look();
      }),
    stop: async () => {
      // bubblewrap, which ends with what it started, then process 1 of the sandbox, then the program.
      process.kill(onlyChildOf(onlyChildOf(child.pid ?? 0)), "SIGTERM");
      await closed;
      return { code: child.exitCode, ...output };
    },
  };
}

function onlyChildOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
}

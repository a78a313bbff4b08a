/** Runs log-writer.ts as a process of its own, if wanted under strace, which makes chosen system calls fail. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { LogStatus } from "../../src/log/log.ts";
import { strace } from "../means.ts";

const WRITER = fileURLToPath(new URL("./log-writer.ts", import.meta.url));

type Told = {
  readonly opened?: LogStatus;
  readonly refused?: string;
  readonly message?: string;
  readonly acked?: readonly string[];
  readonly rejected?: readonly string[];
  readonly code?: string;
  readonly sealed?: string | null;
  readonly warning?: string;
};

export type LogProcess = {
  /** What the process said first: the log's status, or why it could not be opened; undefined when it died before. */
  readonly first: Told | undefined;
  readonly warnings: readonly string[];
  readonly pid: number | undefined;
  /** Resolves true when the batch was acknowledged, false when it was rejected; undefined when the process died. */
  readonly append: (ids: readonly string[]) => Promise<boolean | undefined>;
  /** Resolves with the name of the shard; null when nothing was sealed, or not now; undefined when the process died. */
  readonly seal: () => Promise<string | null | undefined>;
  /** SIGKILL; resolves when the process is gone. */
  readonly kill: () => Promise<void>;
  /** Drains and ends the process; resolves with its exit code. */
  readonly close: () => Promise<number | null>;
};

/**
 * Faults in strace's words, `fdatasync:error=EIO:when=3`, which counts by thread; with `path` only calls on those files
 * count. With `record`, the calls are written to that file, behind what it holds.
 */
export type Injection = {
  readonly fault?: string | readonly string[];
  readonly path?: string | readonly string[];
  readonly record?: string;
};

/** Every call that the log makes on files, in the kernel's names. */
export const FILE_CALLS: readonly string[] = [
  "openat",
  "pread64",
  "write",
  "fsync",
  "fdatasync",
  "ftruncate",
  "rename",
  "link",
  "unlink",
  "close",
];

/** Starts a process that opens the log of a folder. */
export async function startLogProcess(dataDir: string, injection?: Injection): Promise<LogProcess> {
  const child = spawnWriter(dataDir, injection);
  const ended = once(child, "close");
  const warnings: string[] = [];
  const waiting = new Map<string, (stored: boolean | undefined) => void>();
  const sealing: ((shard: string | null | undefined) => void)[] = [];
  const first = Promise.withResolvers<Told | undefined>();
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  onTestFinished(kill);
  ended.then(() => {
    first.resolve(undefined);
    for (const resolve of [...waiting.values(), ...sealing]) resolve(undefined);
  });
  createInterface({ input: child.stdout ?? process.stdin }).on("line", (line) => {
    const told: Told = JSON.parse(line);
    if (told.opened || told.refused) first.resolve(told);
    if (told.warning !== undefined) warnings.push(told.warning);
    if (told.sealed !== undefined) sealing.shift()?.(told.sealed);
    const key = JSON.stringify(told.acked ?? told.rejected);
    waiting.get(key)?.(told.acked !== undefined);
    waiting.delete(key);
  });
  child.stdin?.on("error", () => undefined); // It died while it was told something; `ended` says so.
  return {
    first: await first.promise,
    warnings,
    pid: child.pid,
    append: (ids) =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve(undefined);
        waiting.set(JSON.stringify(ids), resolve);
        child.stdin?.write(`${JSON.stringify({ append: ids })}\n`);
      }),
    seal: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve(undefined);
        sealing.push(resolve);
        child.stdin?.write('{"seal":true}\n');
      }),
    kill,
    close: async () => {
      child.stdin?.write('{"close":true}\n');
      await ended;
      return child.exitCode;
    },
  };
}

function spawnWriter(dataDir: string, injection: Injection | undefined): ChildProcess {
  const own = [process.execPath, WRITER, dataDir];
  const [command = "", ...args] = injection ? [...traceWith(injection), ...own] : own;
  return spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
}

/** Returns the words to put in front of a command; `-D` makes the command itself the child, which signals then reach. */
export function traceWith({ fault = [], path = [], record }: Injection): readonly string[] {
  const faults = [fault].flat();
  const calls = record === undefined ? faults.map((words) => words.split(":")[0]) : FILE_CALLS;
  const rules = [`trace=${calls.join(",")}`, ...faults.map((words) => `inject=${words}`)].flatMap((rule) => [
    "-e",
    rule,
  ]);
  const files = [path].flat().flatMap((file) => ["-P", file]);
  const output = record === undefined ? ["-o", "/dev/null"] : ["-y", "-A", "-o", record];
  // What Node keeps of compiled modules is written by calls that are not the log's.
  const environment = ["-E", "NODE_DISABLE_COMPILE_CACHE=1"];
  return [strace ?? "strace", "-D", "-f", "-qq", "-s", "1000000", ...environment, ...output, ...rules, ...files];
}

/** Numbers the calls of a record by thread, as `when` counts them, without repeating: `write:1`, `write:2`, … */
export function numberCalls(record: string): readonly string[] {
  const counts = new Map<string, number>();
  const calls = new Set<string>();
  for (const [, thread, call = ""] of record.matchAll(/^(\d+) +(\w+)\(/gm)) {
    const number = (counts.get(`${thread} ${call}`) ?? 0) + 1;
    counts.set(`${thread} ${call}`, number);
    calls.add(`${call}:${number}`);
  }
  return [...calls];
}

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
  readonly warning?: string;
};

export type LogProcess = {
  /** What the process said first: the log's status, or why it could not be opened; undefined when it died before. */
  readonly first: Told | undefined;
  readonly warnings: readonly string[];
  /** Resolves true when the batch was acknowledged, false when it was rejected; undefined when the process died. */
  readonly append: (ids: readonly string[]) => Promise<boolean | undefined>;
  /** SIGKILL; resolves when the process is gone. */
  readonly kill: () => Promise<void>;
  /** Drains and ends the process; resolves with its exit code. */
  readonly close: () => Promise<number | null>;
};

/**
 * A fault in strace's words, `fdatasync:error=EIO:when=3`; with `path` only calls on that file count. With `record`,
 * writes and syncs are written to that file.
 */
export type Injection = { readonly fault: string; readonly path?: string; readonly record?: string };

/** Starts a process that opens the log of a folder. */
export async function startLogProcess(dataDir: string, injection?: Injection): Promise<LogProcess> {
  const child = spawnWriter(dataDir, injection);
  const ended = once(child, "close");
  const warnings: string[] = [];
  const waiting = new Map<string, (stored: boolean | undefined) => void>();
  const first = Promise.withResolvers<Told | undefined>();
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  onTestFinished(kill);
  ended.then(() => {
    first.resolve(undefined);
    for (const resolve of waiting.values()) resolve(undefined);
  });
  createInterface({ input: child.stdout ?? process.stdin }).on("line", (line) => {
    const told: Told = JSON.parse(line);
    if (told.opened || told.refused) first.resolve(told);
    if (told.warning !== undefined) warnings.push(told.warning);
    const key = JSON.stringify(told.acked ?? told.rejected);
    waiting.get(key)?.(told.acked !== undefined);
    waiting.delete(key);
  });
  child.stdin?.on("error", () => undefined); // It died while it was told something; `ended` says so.
  return {
    first: await first.promise,
    warnings,
    append: (ids) =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve(undefined);
        waiting.set(JSON.stringify(ids), resolve);
        child.stdin?.write(`${JSON.stringify({ append: ids })}\n`);
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
export function traceWith({ fault, path, record }: Injection): readonly string[] {
  const calls = record === undefined ? fault.split(":")[0] : "write,fdatasync";
  const filter = path === undefined ? [] : ["-P", path];
  const rules = ["-e", `trace=${calls}`, "-e", `inject=${fault}`, ...filter];
  return [strace ?? "strace", "-D", "-f", "-qq", "-s", "1000000", "-o", record ?? "/dev/null", ...rules];
}

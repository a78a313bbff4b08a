/** Runs `passerby start` as a process of its own that a test can kill at any moment. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import { COMMAND } from "../support/command.ts";

export type ServerProcess = {
  readonly pid: number;
  /** Resolves with `http://127.0.0.1:PORT` once the server listens; rejects with its output when it ends before. */
  readonly url: Promise<string>;
  /** What it has written so far. */
  readonly output: () => string;
  /** Sends a signal; resolves with exit code (null after a signal) and output when the process is gone. */
  readonly end: (signal: "SIGKILL" | "SIGTERM") => Promise<{ readonly code: number | null; readonly output: string }>;
};

/**
 * Starts a server on a data directory and a port, by default a free one. `wrapper` is a command to run it under that becomes the server,
 * such as `strace -D`.
 */
export function startServerProcess(dataDir: string, wrapper: readonly string[] = [], port = "0"): ServerProcess {
  const own = [process.execPath, COMMAND, "start", "--port", port, "--data-dir", dataDir];
  const [command = process.execPath, ...args] = [...wrapper, ...own];
  // The load of these tests comes from one client.
  const env = { ...process.env, METRICS_ADMIN_LISTEN: "127.0.0.1:0", METRICS_RATE_LIMIT: "0" };
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env });
  const ended = once(child, "close");
  const url = Promise.withResolvers<string>();
  url.promise.catch(() => undefined); // A test that kills the server while it starts does not wait for this.
  let output = "";
  const read = (chunk: string): void => {
    output += chunk;
    const found = /^Collector and dashboard +(http:\S+)$/m.exec(output)?.[1];
    if (found) url.resolve(found);
  };
  child.stdout.setEncoding("utf8").on("data", read);
  child.stderr.setEncoding("utf8").on("data", read);
  ended.then(() => url.reject(new Error(`the server ended before it listened: ${output}`)));
  const end: ServerProcess["end"] = async (signal) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
    return { code: child.exitCode, output };
  };
  onTestFinished(async () => {
    await end("SIGKILL");
  });
  return { pid: child.pid ?? 0, url: url.promise, output: () => output, end };
}

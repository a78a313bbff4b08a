/** A server with workers as processes of its own, which a test can find and kill one by one. */
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

export type WorkerServer = ServerProcess & {
  /** Process ids of the workers that run now. */
  readonly workers: () => readonly number[];
  /** Resolves when the server says that a worker does not run. */
  readonly untilOneIsDown: () => Promise<void>;
  /** Resolves when all workers run, with what `read` returned last before that. */
  readonly untilAllAreUp: <Value>(read: () => Value) => Promise<Value>;
};

/** Starts a server with so many workers on a data directory; it and its workers are a process group of their own. */
export function startWorkerServer(
  dataDir: string,
  workers: number,
  settings: Readonly<Record<string, string>> = {},
): WorkerServer {
  const all = { METRICS_WORKERS: String(workers), METRICS_STORE: "off", ...settings };
  const assignments = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  const server = startServerProcess(dataDir, ["setsid", "env", ...assignments]);
  return {
    ...server,
    workers: () => childrenOf(server.pid),
    untilOneIsDown: async () => {
      while (await areAllUp(await server.url)) await delay(5);
    },
    untilAllAreUp: async (read) => {
      for (let last = read(); ; last = read()) {
        if (await areAllUp(await server.url)) return last;
        await delay(5);
      }
    },
  };
}

async function areAllUp(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/api/metrics/health`).catch(() => undefined);
  if (answer === undefined) return false;
  const { status, warnings }: { status: string; warnings: string[] } = JSON.parse(await answer.text());
  return status === "healthy" && !warnings.some((warning) => warning.includes("does not run"));
}

/** Says whether a process is there and no zombie. */
export function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

/** A server with workers as processes of its own, which a test can find and kill one by one. */
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { askOwner } from "../../src/log/owner/control-channel.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

export type WorkerServer = ServerProcess & {
  /** Process ids of the workers that run now. */
  readonly workers: () => readonly number[];
  /** Does what `passerby brake --collector` does. */
  readonly brake: (position: "on" | "off") => Promise<void>;
  /** Kills some of the workers; resolves when the server knows that they are gone. */
  readonly killWorkers: (pids: readonly number[]) => Promise<void>;
  /** Resolves when all workers run, with what `read` returned last before that. */
  readonly untilAllAreUp: <Value>(read: () => Value) => Promise<Value>;
};

/** Starts a server with so many workers on a data directory; it and its workers are a process group of their own. */
export function startWorkerServer(
  dataDir: string,
  workers: number,
  settings: Readonly<Record<string, string>> = {},
): WorkerServer {
  const { PORT, ...others } = settings;
  // Rotation is a child of the server, too, and would be taken for a worker.
  const all = { METRICS_WORKERS: String(workers), METRICS_STORE: "off", METRICS_ROTATE: "off", ...others };
  const assignments = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  const server = startServerProcess(dataDir, ["setsid", "env", ...assignments], PORT);
  return {
    ...server,
    workers: () => childrenOf(server.pid),
    brake: async (position) => {
      const who = { uid: null, user: null, pid: process.pid };
      await askOwner(dataDir, "brake", { position, targets: ["collector"], site: null, for_ms: null, who });
    },
    // Not what its health says: where all are killed, nobody answers until they are back.
    killWorkers: async (pids) => {
      for (const pid of pids) process.kill(pid, "SIGKILL");
      while (childrenOf(server.pid).some((pid) => pids.includes(pid))) await delay(5);
    },
    untilAllAreUp: async (read) => {
      for (let last = read(); ; last = read()) {
        if (await areAllUp(await server.url)) return last;
        await delay(5);
      }
    },
  };
}

/** Undefined where no answer came, such as over a connection to a worker that has just been killed. */
async function areAllUp(url: string): Promise<boolean | undefined> {
  const answer = await fetch(`${url}/api/metrics/health`).catch(() => undefined);
  const text = await answer?.text().catch(() => undefined);
  if (text === undefined) return undefined;
  const { status, warnings }: { status: string; warnings: string[] } = JSON.parse(text);
  return status === "healthy" && !warnings.some((warning) => warning.includes("does not run"));
}

/** Says whether a process is there and no zombie. */
export function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** Says whether a process belongs to a process group. */
export function isInGroup(pid: number, group: number): boolean {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return false;
  // proc(5): after the name in parentheses come state, parent and group.
  return (
    readFileSync(path, "utf8")
      .replace(/^.*\) /, "")
      .split(" ")[2] === String(group)
  );
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

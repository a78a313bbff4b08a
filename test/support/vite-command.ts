/** Runs the real `vite` in a project, as somebody at a terminal would. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

const VITE = fileURLToPath(new URL("../../node_modules/vite/bin/vite.js", import.meta.url));

type Environment = Readonly<Record<string, string>>;

/** Runs `vite build`, with more arguments where given; returns its exit code and what it wrote to standard error. */
export async function runViteBuild(
  folder: string,
  env: Environment = {},
  more: readonly string[] = [],
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const child = spawnVite(folder, ["build", "--logLevel", "warn", ...more], env);
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, "close");
  return { code: child.exitCode, stderr: stripVTControlCharacters(stderr) };
}

export type ViteServer = { readonly origin: string; readonly stop: () => Promise<void> };

/** Runs `vite`, the dev server, until it prints where it listens. */
export async function startViteDev(folder: string, env: Environment = {}, host = "localhost"): Promise<ViteServer> {
  const child = spawnVite(folder, ["--host", host], env);
  const origin = await new Promise<string>((resolve, reject) => {
    let printed = "";
    const read = (chunk: Buffer): void => {
      printed += stripVTControlCharacters(chunk.toString());
      const found = /(http:\/\/[\w.]+:\d+)\//.exec(printed)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("close", (code) => reject(new Error(`vite ended with code ${code}: ${printed}`)));
  });
  return {
    origin,
    stop: async () => {
      const ended = once(child, "close");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function spawnVite(folder: string, args: readonly string[], env: Environment): ChildProcess {
  return spawn(process.execPath, [VITE, ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
}

/** Runs the built `passerby` command as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../dist/server/passerby.js", import.meta.url));

export type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

type Environment = Readonly<Record<string, string>>;

/** Runs a subcommand to its end. */
export async function runCommand(args: readonly string[], env: Environment = {}): Promise<Finished> {
  const child = spawnCommand(args, env);
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  await once(child, "close");
  return { code: child.exitCode, ...output };
}

export type StartedCommand = { readonly process: ChildProcess; readonly url: string };

/** Runs `passerby start` until it prints its address. */
export async function startCommand(args: readonly string[], env: Environment = {}): Promise<StartedCommand> {
  const child = spawnCommand(["start", "--port", "0", ...args], env);
  if (child.stdout === null) throw new Error("the command has no output to read");
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /http:\/\/[\d.:]+/.exec(line)?.[0];
    if (url !== undefined) return { process: child, url };
  }
  throw new Error(`passerby start ended with code ${child.exitCode} and printed no address`);
}

function spawnCommand(args: readonly string[], env: Environment): ChildProcess {
  return spawn(process.execPath, [COMMAND, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
}

/** Runs the built `passerby` command as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Path of the built command. */
export const COMMAND: string = fileURLToPath(new URL("../../dist/server/passerby.js", import.meta.url));

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

export type StartedCommand = {
  readonly process: ChildProcess;
  readonly url: string;
  /** Everything it has printed so far. */
  readonly printed: () => string;
  /** Everything it has written to standard error so far: its own log. */
  readonly logged: () => string;
};

/** Runs `passerby start` until it prints its address. */
export async function startCommand(args: readonly string[], env: Environment = {}): Promise<StartedCommand> {
  const child = spawnCommand(["start", "--port", "0", ...args], env);
  let printed = "";
  let logged = "";
  child.stderr?.on("data", (chunk: Buffer) => (logged += chunk.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
      const found = /(http:\/\/[\d.:]+)\s/.exec(printed)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once("close", (code) => reject(new Error(`passerby start ended with code ${code} and printed no address`)));
  });
  return { process: child, url, printed: () => printed, logged: () => logged };
}

function spawnCommand(args: readonly string[], env: Environment): ChildProcess {
  return spawn(process.execPath, [COMMAND, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    // Several run at once, and only one of them could have the default port.
    env: { ...kept(["PATH", "NODE_COMPILE_CACHE"]), METRICS_ADMIN_LISTEN: "127.0.0.1:0", ...env },
  });
}

/** What a command keeps of the tests' own environment, whose settings are not for it. */
function kept(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, process.env[name] ?? ""]).filter(([, value]) => value !== ""));
}

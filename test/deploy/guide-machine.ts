/** A machine as the guides for systemd speak of it, in a temp folder: their commands run as they stand, with other paths and as this user. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { COMMAND, type StartedCommand, startCommand } from "../support/command.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const UNITS = `${ROOT}deploy/systemd/`;
/** Folders that the guides name; each is one of the machine's own. */
const FOLDERS = ["/var/lib/passerby", "/var/backups", "/var/tmp", "/etc/systemd/system", "/etc/passerby"];
const SERVICE = "passerby";
/** What stands in front is tested elsewhere: here the collector itself is asked. */
const PUBLIC_URL = "https://metrics.example.com";

export type GuideMachine = {
  /** Where a path of the guides is. */
  readonly place: (path: string) => string;
  /** Runs a line of a guide; throws what it says when it fails. Returns what it prints. */
  readonly run: (line: string) => Promise<string>;
  /** Starts the collector as `systemctl start passerby` would; returns its address. */
  readonly start: () => Promise<string>;
  readonly url: () => string;
  /** Stops what runs, and removes the folder. */
  readonly close: () => Promise<void>;
};

/** Makes one; nothing runs on it yet. Close it. */
export function makeGuideMachine(): GuideMachine {
  const root = mkdtempSync(join(tmpdir(), "passerby-machine-"));
  for (const folder of ["var/lib", "var/backups", "var/tmp", "etc/systemd/system", "etc/passerby"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  let server: StartedCommand | undefined;
  const place = (path: string): string =>
    FOLDERS.reduce((text, folder) => text.replaceAll(folder, root + folder), path);
  const start = async (): Promise<string> => {
    const example = parseEnv(readFileSync(`${UNITS}passerby.env.example`, "utf8"));
    const settings = Object.fromEntries(Object.entries(example).map(([name, value]) => [name, value ?? ""]));
    const own = { METRICS_DATA_DIR: place("/var/lib/passerby"), METRICS_ROTATE: "off", METRICS_RATE_LIMIT: "0" };
    server = await startCommand([], { ...settings, ...own });
    return server.url;
  };
  const stop = async (): Promise<void> => {
    if (server === undefined) return;
    const ended = once(server.process, "close");
    server.process.kill("SIGTERM");
    const [code]: (number | null)[] = await ended;
    server = undefined;
    if (code !== 0) throw new Error(`the collector ended with ${code}`);
  };
  const systemctl = async (verb: string, units: readonly string[]): Promise<void> => {
    if (verb === "stop" && units.includes(SERVICE)) await stop();
    if (verb === "start" && units.includes(SERVICE)) await start();
    if (verb === "start" && units.includes("passerby-backup")) await runShell(commandOf("passerby-backup"));
  };
  const runShell = async (line: string): Promise<string> => {
    const words = place(line)
      .replace(/^sudo (-u passerby )?/, "")
      .replace(/ --(owner|group)=\S+/g, "")
      .replaceAll(/\/usr\/bin\/node (\/opt\/passerby\/)?dist\/server\/passerby\.js/g, `${process.execPath} ${COMMAND}`);
    const isAsking = /^curl | smoke /.test(line);
    return shell(isAsking ? words.replaceAll(PUBLIC_URL, server?.url ?? "") : words, root);
  };
  return {
    place,
    start,
    url: () => server?.url ?? "",
    run: async (line) => {
      const [, verb = "", units = ""] = /^systemctl (?:--now )?(\S+) ?(.*)$/.exec(line) ?? [];
      if (verb !== "") await systemctl(verb, units.split(" "));
      return verb === "" && !line.startsWith("journalctl ") ? runShell(line) : "";
    },
    close: async () => {
      server?.process.kill("SIGKILL");
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** A unit's command with what it sets in the environment. */
function commandOf(unit: string): string {
  const path = `${UNITS}${unit}.service`;
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const [environment, command] = ["Environment", "ExecStart"].map(
    (key) => new RegExp(`^${key}=(.+)$`, "m").exec(text)?.[1],
  );
  return `${environment} ${command}`;
}

async function shell(line: string, home: string): Promise<string> {
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? "",
  };
  const child = spawn("sh", ["-c", line], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], env });
  let printed = "";
  let told = "";
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (told += chunk.toString()));
  await once(child, "close");
  if (child.exitCode !== 0) throw new Error(`${line}\nended with ${child.exitCode}: ${told}${printed}`);
  return printed;
}

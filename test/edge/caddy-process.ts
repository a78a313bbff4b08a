/** A real Caddy with the file of deploy/caddy: domain, origins, collector, ports, certificate and paths are filled in. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { caddy } from "../means.ts";
import { canConnect, findFreePort } from "../support/free-port.ts";
import { DOMAIN, makeCertificate } from "./edge-files.ts";
import { type Edge, makeClient, readLines } from "./edge-process.ts";

/** The file in the repository. */
export const CADDYFILE: string = fileURLToPath(new URL("../../deploy/caddy/Caddyfile", import.meta.url));
const RETRY_MS = 20;

export type Caddy = Pick<Edge, "folder" | "ask" | "askPlain" | "open" | "sendRaw" | "readLog" | "printed" | "close">;

/** Starts Caddy in front of a collector (`host:port`). Close it. */
export async function startCaddyEdge(collector: string): Promise<Caddy> {
  const folder = mkdtempSync(join(tmpdir(), "passerby-caddy-"));
  // A collector in this process has set a strict umask.
  chmodSync(folder, 0o755);
  const [httpPort, httpsPort] = [await findFreePort(), await findFreePort()];
  const { certificate, key } = makeCertificate(folder);
  const config = join(folder, "Caddyfile");
  const own: readonly [string, string][] = [
    ["\nmetrics.example.com {\n", `\n${DOMAIN} {\n\ttls ${certificate} ${key}\n`],
    ["reverse_proxy 127.0.0.1:8001 ", `reverse_proxy ${collector} `],
    ["admin unix//run/caddy/admin.sock", `admin off\n\thttp_port ${httpPort}\n\thttps_port ${httpsPort}`],
    ["/var/log/caddy/passerby.log", join(folder, "access.log")],
    // Waiting for longer shows nothing more.
    ["import collector 5s", "import collector 2s"],
  ];
  writeFileSync(config, own.reduce(replaceOnce, readFileSync(CADDYFILE, "utf8")));
  const child = spawn(caddy ?? "caddy", ["run", "--config", config, "--adapter", "caddyfile"], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  let printed = "";
  child.stderr.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  while (!(await canConnect(httpsPort))) {
    if (child.exitCode !== null) throw new Error(`caddy ended: ${printed}`);
    await delay(RETRY_MS);
  }
  const log = join(folder, "access.log");
  return {
    folder,
    ...makeClient({ folder, config, certificate }, httpPort, httpsPort),
    readLog: () => (existsSync(log) ? readLines(log) : []),
    printed: () => printed,
    close: async () => {
      const ended = once(child, "close");
      // It would wait for connections that clients keep open.
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function replaceOnce(text: string, [from, to]: readonly [string, string]): string {
  if (text.split(from).length !== 2) throw new Error(`the Caddyfile has not exactly one ${JSON.stringify(from)}`);
  return text.replace(from, () => to);
}

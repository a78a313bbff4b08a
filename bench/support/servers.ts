/** The servers that benches compare, each in a process of its own: nginx, a bare node:http server, and Passerby. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { residentBytesOf } from "../../test/support/overload.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export type RunningVariant = {
  readonly url: string;
  /** CPU seconds that the server's processes have used so far. */
  readonly cpuSeconds: () => number;
  /** Resident memory of the server's main process, in bytes. */
  readonly residentBytes: () => number;
  readonly stop: () => Promise<void>;
};

export type Variant = { readonly name: string; readonly start: (folder: string) => Promise<RunningVariant> };

/** Answers 204 to everything and throws the body away: what the machine's HTTP can do at all. */
export const nginx: Variant = {
  name: "nginx, return 204",
  start: async (folder) => {
    const port = await freePort();
    mkdirSync(folder, { recursive: true });
    const config = `
      daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log crit;
      events { worker_connections 4096; }
      http { access_log off; keepalive_requests 100000000; client_body_temp_path ${folder}; proxy_temp_path ${folder};
        fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
        server { listen 127.0.0.1:${port}; location / { return 204; } } }`;
    writeFileSync(join(folder, "nginx.conf"), config);
    const child = spawn("/usr/sbin/nginx", ["-c", join(folder, "nginx.conf")], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const url = `http://127.0.0.1:${port}`;
    await untilAnswered(url);
    return running(child, url);
  },
};

/** Reads and parses the body, drops it, answers 202. */
export const bare: Variant = {
  name: "bare node:http, parses and drops",
  start: () => startNode(["--input-type=module", "--eval", BARE_SERVER], {}),
};

/** Passerby from the build, with settings. */
export function passerby(name: string, settings: Readonly<Record<string, string>>): Variant {
  const args = [join(ROOT, "dist/server/passerby.js"), "start", "--port", "0", "--data-dir"];
  // The limiter works, and never refuses: the load comes from few addresses.
  const env = {
    TRUSTED_PROXIES: "127.0.0.1",
    METRICS_RATE_LIMIT: "1000000",
    METRICS_RATE_BURST: "1000000",
    ...settings,
  };
  return { name, start: (folder) => startNode([...args, folder], { METRICS_ADMIN_LISTEN: "off", ...env }) };
}

const BARE_SERVER = `
  import { createServer } from "node:http";
  createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      JSON.parse(Buffer.concat(chunks).toString());
      response.writeHead(202, { "content-type": "application/json" });
      response.end('{"ok":true}');
    });
  }).listen(0, "127.0.0.1", function () { console.log("http://127.0.0.1:" + this.address().port); });
`;

async function startNode(args: readonly string[], env: Readonly<Record<string, string>>): Promise<RunningVariant> {
  const child = spawn(process.execPath, [...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, METRICS_LOG_LEVEL: "error", ...env },
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
    if (url !== undefined) return running(child, url);
  }
  throw new Error(`${args.join(" ")} did not start`);
}

function running(child: ChildProcess, url: string): RunningVariant {
  const ended = once(child, "exit");
  return {
    url,
    cpuSeconds: () => [child.pid ?? 0, ...childrenOf(child.pid ?? 0)].reduce((sum, pid) => sum + cpuSecondsOf(pid), 0),
    residentBytes: () => residentBytesOf(child.pid ?? 0),
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

/** Fields 14 and 15 of proc(5) stat: user and system time in ticks of 10 ms. */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function untilAnswered(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing answers at ${url}`);
}

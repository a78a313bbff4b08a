/** Authorities that speak ACME (pebble), and the name server that they ask (pebble-challtestsrv): all on this machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findPart } from "../means.ts";
import { canConnect, findFreePort } from "../support/free-port.ts";
import { LOCAL, makeSelfSigned } from "./tls-places.ts";

const RETRY_MS = 20;

/** What the tests of certificates cannot run without. */
const NEEDS = ["certbot", "certbot's plugin for Cloudflare", "pebble", "nginx", "openssl"];
const missing = NEEDS.find((need) => findPart(need) === undefined);
/** True where all of that is there. */
export const hasTlsParts: boolean = missing === undefined;
/** What is not, by the name that a skipped test bears. */
export const NEED: string = missing ?? "pebble";

export type Authority = {
  /** What certbot takes as its `--server`. */
  readonly directory: string;
  /** Its root, which a client trusts that trusts this authority. */
  readonly root: string;
};

export type NameServer = {
  /** Tells the name server something: one of the paths of pebble-challtestsrv. */
  readonly tell: (path: string, body: object) => Promise<void>;
  readonly address: string;
};

export type Authorities = {
  readonly names: NameServer;
  readonly production: Authority;
  /** Starts one more, whom nobody trusts who trusts the first. */
  readonly another: () => Promise<Authority>;
  /** The certificate that clients of the authorities' own servers have to trust. */
  readonly bundle: string;
  readonly close: () => Promise<void>;
};

/** Starts an authority, which asks for challenges over HTTP at this port, and its name server. Close them. */
export async function startAuthorities(folder: string, httpPort: number): Promise<Authorities> {
  const bundle = join(folder, "authority.pem");
  makeSelfSigned("localhost", bundle);
  const children: ChildProcess[] = [];
  const names = await startNameServer(children);
  const start = (): Promise<Authority> => startAuthority({ folder, bundle, httpPort, names, children });
  return {
    names,
    production: await start(),
    another: start,
    bundle,
    close: async () => {
      await Promise.all(children.map((child) => (child.kill() ? once(child, "exit") : undefined)));
    },
  };
}

async function startNameServer(children: ChildProcess[]): Promise<NameServer> {
  const [port, management] = [await findFreePort(), await findFreePort()];
  const address = `${LOCAL}:${port}`;
  const off = ["http01", "https01", "tlsalpn01", "defaultIPv6"].flatMap((flag) => [`-${flag}`, ""]);
  const args = [...off, "-defaultIPv4", LOCAL, "-dns01", address, "-management", `${LOCAL}:${management}`];
  children.push(await startServer("/usr/bin/pebble-challtestsrv", args, { port: management, env: {} }));
  return {
    address,
    tell: async (path, body) => {
      const url = `http://${LOCAL}:${management}${path}`;
      const { ok, status } = await fetch(url, { method: "POST", body: JSON.stringify(body) });
      if (!ok) throw new Error(`the name server answers ${status} to ${path}`);
    },
  };
}

type AuthorityOptions = {
  readonly folder: string;
  readonly bundle: string;
  readonly httpPort: number;
  readonly names: NameServer;
  readonly children: ChildProcess[];
};

async function startAuthority({ folder, bundle, httpPort, names, children }: AuthorityOptions): Promise<Authority> {
  const [port, management] = [await findFreePort(), await findFreePort()];
  const config = join(folder, `pebble-${port}.json`);
  const pebble = {
    listenAddress: `${LOCAL}:${port}`,
    managementListenAddress: `${LOCAL}:${management}`,
    certificate: bundle,
    privateKey: bundle,
    httpPort,
    tlsPort: 1,
  };
  writeFileSync(config, JSON.stringify({ pebble }));
  // Each order is proven anew and at once, and nothing is refused by chance.
  const env = { PEBBLE_VA_NOSLEEP: "1", PEBBLE_AUTHZREUSE: "0", PEBBLE_WFE_NONCEREJECT: "0" };
  const args = ["-config", config, "-dnsserver", names.address];
  children.push(await startServer("/usr/bin/pebble", args, { port, env }));
  return {
    directory: `https://localhost:${port}/dir`,
    root: await get(`https://localhost:${management}/roots/0`, readFileSync(bundle, "utf8")),
  };
}

async function startServer(
  program: string,
  args: readonly string[],
  { port, env }: { readonly port: number; readonly env: Readonly<Record<string, string>> },
): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], env });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  while (!(await canConnect(port))) {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${said}`);
    await delay(RETRY_MS);
  }
  return child;
}

function get(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca, agent: false, family: 4 }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      answer.on("end", () => resolve(body)).on("error", reject);
    });
    asked.on("error", reject).end();
  });
}

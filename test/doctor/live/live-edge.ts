/** A real nginx with the files of deploy/edge as they would be filled in for the domain, after a fault was put into them. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fillEdge, nginxArgs } from "../../edge/edge-files.ts";
import { nginx, openssl } from "../../means.ts";
import { canConnect, findFreePort } from "../../support/free-port.ts";
import { DOMAIN, SITE_ORIGIN } from "../good-deployment.ts";

export type Certificate = { readonly path: string; readonly keyPath: string; readonly pem: string };

export type CertificateOptions = { readonly days?: number; readonly names?: readonly string[] };

/** Makes a certificate that signs itself, in a folder. */
export function makeLiveCertificate(folder: string, { days = 90, names = [DOMAIN, new URL(SITE_ORIGIN).hostname] }: CertificateOptions = {}): Certificate {
  const name = `certificate-${days}-${names.join("-")}`;
  const [path, keyPath] = [join(folder, `${name}.pem`), join(folder, `${name}-key.pem`)];
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", `${days}`];
  const named = ["-subj", `/CN=${names[0]}`, "-addext", `subjectAltName=${names.map((one) => `DNS:${one}`).join(",")}`];
  const { status, stderr } = spawnSync(openssl ?? "openssl", [...made, ...named, "-keyout", keyPath, "-out", path], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return { path, keyPath, pem: readFileSync(path, "utf8") };
}

/** Replaces a text in a filled-in file, `passerby/headers.conf`; throws where it is not there. */
export type PatchEdge = (file: string, from: string | RegExp, to: string) => void;

export type LiveEdgeOptions = {
  /** `host:port` of what it passes requests on to. */
  readonly collector: string;
  readonly certificate: Certificate;
  readonly change?: ((patch: PatchEdge) => void) | undefined;
};

export type LiveEdge = { readonly httpPort: number; readonly httpsPort: number; readonly close: () => Promise<void> };

/** Starts it. Close it. */
export async function startLiveEdge({ collector, certificate, change }: LiveEdgeOptions): Promise<LiveEdge> {
  const [httpPort, httpsPort] = [await findFreePort(), await findFreePort()];
  const folder = mkdtempSync(join(tmpdir(), "passerby-doctor-edge-"));
  chmodSync(folder, 0o755);
  const target = join(folder, "etc");
  fillEdge(target, {
    ...{ EDGE_DOMAIN: DOMAIN, EDGE_COLLECTOR: collector, ALLOWED_ORIGINS: SITE_ORIGIN },
    ...{ EDGE_HTTP_PORT: `${httpPort}`, EDGE_HTTPS_PORT: `${httpsPort}`, EDGE_CACHE_DIR: folder, EDGE_ACME_DIR: folder },
    ...{ EDGE_CERTIFICATE: certificate.path, EDGE_CERTIFICATE_KEY: certificate.keyPath },
  });
  const patch: PatchEdge = (file, from, to) => {
    const before = readFileSync(join(target, file), "utf8");
    const after = before.replaceAll(typeof from === "string" ? from : new RegExp(from, `${from.flags.replace("g", "")}g`), to);
    if (after === before) throw new Error(`${file} has no ${from}`);
    writeFileSync(join(target, file), after);
  };
  patch("nginx.conf", "/var/log/nginx", folder);
  patch("nginx.conf", "worker_processes auto", "worker_processes 1");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(join(target, "conf.d/passerby-places.conf"), temporary.map((one) => `${one}_temp_path ${folder}/${one};\n`).join(""));
  change?.(patch);
  const child = spawn(nginx ?? "nginx", nginxArgs({ folder, config: join(target, "nginx.conf"), certificate: certificate.path }), {
    stdio: ["ignore", "ignore", "pipe"],
  });
  await waitFor(child, httpsPort);
  return {
    ...{ httpPort, httpsPort },
    close: async () => {
      const ended = once(child, "close");
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const RETRY_MS = 10;

async function waitFor(child: ChildProcess, port: number): Promise<void> {
  let printed = "";
  child.stderr?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  while (!(await canConnect(port))) {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${printed}`);
    await delay(RETRY_MS);
  }
}

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

export type CertificateOptions = {
  readonly days?: number;
  readonly names?: readonly string[];
  /** True for one that ended long ago. */
  readonly hasEnded?: boolean;
  /** False for one that the doctor is not told to trust. */
  readonly isTrusted?: boolean;
};

/** Makes a certificate that signs itself, in a folder of its own below one. */
export function makeLiveCertificate(folder: string, options: CertificateOptions = {}): Certificate {
  const { days = 90, names = [DOMAIN, new URL(SITE_ORIGIN).hostname], hasEnded = false } = options;
  const own = mkdtempSync(join(folder, "certificate-"));
  const [path, keyPath] = [join(own, "certificate.pem"), join(own, "key.pem")];
  const subject = ["-subj", `/CN=${names[0]}`];
  const alternatives = `subjectAltName=${names.map((one) => `DNS:${one}`).join(",")}`;
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyPath];
  if (hasEnded) {
    // Of the commands of OpenSSL 3.0 only ca takes dates, and it wants a database.
    const [request, config, extensions] = ["request.pem", "ca.conf", "extensions"].map((name) => join(own, name));
    writeFileSync(`${config}`, CA_CONFIG.replaceAll("FOLDER", own));
    writeFileSync(join(own, "index"), "");
    writeFileSync(`${extensions}`, alternatives);
    runOpenssl(["req", ...key, ...subject, "-out", `${request}`]);
    const dates = ["-startdate", "20200101000000Z", "-enddate", "20200401000000Z"];
    const signing = [
      "ca",
      "-batch",
      "-selfsign",
      "-rand_serial",
      "-notext",
      "-config",
      `${config}`,
      "-keyfile",
      keyPath,
    ];
    runOpenssl([...signing, ...dates, "-extfile", `${extensions}`, "-in", `${request}`, "-out", path]);
  } else {
    runOpenssl(["req", "-x509", "-days", `${days}`, ...key, ...subject, "-addext", alternatives, "-out", path]);
  }
  return { path, keyPath, pem: readFileSync(path, "utf8") };
}

const CA_CONFIG = `[ca]
default_ca = own
[own]
database = FOLDER/index
new_certs_dir = FOLDER
serial = FOLDER/serial
default_md = sha256
policy = any
[any]
commonName = supplied
`;

function runOpenssl(args: readonly string[]): void {
  const { status, stderr } = spawnSync(openssl ?? "openssl", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
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
  const httpPort = await findFreePort();
  let httpsPort = await findFreePort();
  // Nobody listens on the first yet, so it may come again.
  while (httpsPort === httpPort) httpsPort = await findFreePort();
  const folder = mkdtempSync(join(tmpdir(), "passerby-doctor-edge-"));
  chmodSync(folder, 0o755);
  const target = join(folder, "etc");
  fillEdge(target, {
    ...{ EDGE_DOMAIN: DOMAIN, EDGE_COLLECTOR: collector, ALLOWED_ORIGINS: SITE_ORIGIN },
    ...{
      EDGE_HTTP_PORT: `${httpPort}`,
      EDGE_HTTPS_PORT: `${httpsPort}`,
      EDGE_CACHE_DIR: folder,
      EDGE_ACME_DIR: folder,
    },
    ...{ EDGE_CERTIFICATE: certificate.path, EDGE_CERTIFICATE_KEY: certificate.keyPath },
  });
  const patch: PatchEdge = (file, from, to) => {
    const before = readFileSync(join(target, file), "utf8");
    const after = before.replaceAll(
      typeof from === "string" ? from : new RegExp(from, `${from.flags.replace("g", "")}g`),
      to,
    );
    if (after === before) throw new Error(`${file} has no ${from}`);
    writeFileSync(join(target, file), after);
  };
  patch("nginx.conf", "/var/log/nginx", folder);
  patch("nginx.conf", "worker_processes auto", "worker_processes 1");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    join(target, "conf.d/passerby-places.conf"),
    temporary.map((one) => `${one}_temp_path ${folder}/${one};\n`).join(""),
  );
  change?.(patch);
  const child = spawn(
    nginx ?? "nginx",
    nginxArgs({ folder, config: join(target, "nginx.conf"), certificate: certificate.path }),
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
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

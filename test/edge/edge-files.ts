/** The files of deploy/edge, filled in for a test: ports, paths and certificate, and nothing else. */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nginx, openssl } from "../means.ts";

/** What these tests cannot run without, by the name that a skipped test bears. */
export const NEED: string = openssl === undefined ? "openssl" : "nginx";
/** True where nginx and openssl are there. */
export const hasEdgeParts: boolean = nginx !== undefined && openssl !== undefined;

/** The folder in the repository. */
export const EDGE: string = fileURLToPath(new URL("../../deploy/edge/", import.meta.url));
export const DOMAIN = "metrics.test";

export type EdgeSettings = Readonly<Record<string, string>>;

/** Where a filled-in edge keeps what is its own. */
export type EdgePlaces = { readonly folder: string; readonly config: string; readonly certificate: string };

/** Makes a self-signed certificate for the domain, good for a day. */
export function makeCertificate(folder: string): { readonly certificate: string; readonly key: string } {
  const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  const names = ["-subj", `/CN=${DOMAIN}`, "-addext", `subjectAltName=DNS:${DOMAIN}`];
  // RSA, with which a server could also do without forward secrecy.
  const made = ["req", "-x509", "-days", "1", "-newkey", "rsa:2048", "-nodes"];
  run(openssl ?? "openssl", [...made, ...names, "-keyout", key, "-out", certificate]);
  return { certificate, key };
}

/** Runs fill.sh, the documented way without Docker; throws what it says when it refuses. */
export function fillEdge(target: string, settings: EdgeSettings): void {
  run(join(EDGE, "fill.sh"), [target], settings);
}

/** Fills in an edge in a folder. Nothing that nginx writes of its own accord lies anywhere else. */
export function prepareEdge(folder: string, settings: EdgeSettings): EdgePlaces {
  // A collector in this process has set a strict umask, and nginx serves as somebody else.
  chmodSync(folder, 0o755);
  const { certificate, key } = makeCertificate(folder);
  const target = join(folder, "etc");
  fillEdge(target, {
    EDGE_DOMAIN: DOMAIN,
    EDGE_CERTIFICATE: certificate,
    EDGE_CERTIFICATE_KEY: key,
    EDGE_CACHE_DIR: folder,
    EDGE_ACME_DIR: join(folder, "acme"),
    ...settings,
  });
  const config = join(target, "nginx.conf");
  writeFileSync(config, readFileSync(config, "utf8").replaceAll("/var/log/nginx", folder));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const places = temporary.map((name) => `${name}_temp_path ${folder}/${name};\n`).join("");
  writeFileSync(join(target, "conf.d/passerby-places.conf"), places);
  return { folder, config, certificate };
}

/** Puts a file from available/ where it is read, as an operator would; `change` is what he edits. */
export function turnOn({ folder }: EdgePlaces, name: string, change: (text: string) => string = (text) => text): void {
  const to = join(folder, "etc/passerby/on", name);
  copyFileSync(join(folder, "etc/passerby/available", name), to);
  writeFileSync(to, change(readFileSync(to, "utf8")));
}

/** Takes it away again. */
export function turnOff({ folder }: EdgePlaces, name: string): void {
  rmSync(join(folder, "etc/passerby/on", name));
}

/** Arguments for nginx that keep it in the foreground and its process file in the folder. */
export function nginxArgs({ folder, config }: EdgePlaces): readonly string[] {
  return ["-c", config, "-e", "stderr", "-g", `daemon off; pid ${folder}/pid;`];
}

/** Runs `nginx -t`; returns what it says of what is wrong, or nothing. */
export function checkConfig(places: EdgePlaces): string {
  const { status, stderr } = spawnSync(nginx ?? "nginx", ["-t", "-q", ...nginxArgs(places)], { encoding: "utf8" });
  return status === 0 && stderr === "" ? "" : `${status}: ${stderr}`;
}

/** Makes a folder that nginx, whoever it serves as, can read. */
export function makeOpenFolder(path: string): void {
  let made = "";
  for (const part of path.split("/").slice(1)) {
    made += `/${part}`;
    if (mkdirSync(made, { recursive: true }) !== undefined) chmodSync(made, 0o755);
  }
}

function run(program: string, args: readonly string[], env: EdgeSettings = {}): void {
  const { status, stderr } = spawnSync(program, args, {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
  if (status !== 0) throw new Error(stderr);
}

/**
 * What this machine can run: real parts that some tests need. A suite that lacks its part is skipped under a name that
 * ends in `[needs …]`, which the test command counts and explains; nothing is ever skipped without a reason.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SHARED = fileURLToPath(new URL("../../shared/testdata/", import.meta.url));

/** A program that tests drive: how the tests call their need of it, Debian's package, and where it lies. */
export type Part = { readonly need: string; readonly debianPackage: string; readonly paths: readonly string[] };

/** The programs that tests drive; `npm test` installs the missing ones as root on Debian. */
export const PARTS: readonly Part[] = [
  { need: "apparmor_parser", debianPackage: "apparmor", paths: ["/usr/sbin/apparmor_parser", "/sbin/apparmor_parser"] },
  { need: "bwrap", debianPackage: "bubblewrap", paths: ["/usr/bin/bwrap"] },
  { need: "caddy", debianPackage: "caddy", paths: ["/usr/bin/caddy"] },
  { need: "certbot", debianPackage: "certbot", paths: ["/usr/bin/certbot"] },
  {
    need: "certbot's plugin for Cloudflare",
    debianPackage: "python3-certbot-dns-cloudflare",
    paths: ["/usr/lib/python3/dist-packages/certbot_dns_cloudflare/__init__.py"],
  },
  { need: "chromium", debianPackage: "chromium", paths: ["/usr/bin/chromium", "/usr/bin/chromium-browser"] },
  { need: "curl", debianPackage: "curl", paths: ["/usr/bin/curl"] },
  { need: "envsubst", debianPackage: "gettext-base", paths: ["/usr/bin/envsubst"] },
  {
    // Of version 1, a Python program: this part of it says what may stand in a compose file.
    need: "docker-compose",
    debianPackage: "docker-compose",
    paths: ["/usr/lib/python3/dist-packages/compose/config/compose_spec.json"],
  },
  {
    need: "Docker's seccomp profile",
    debianPackage: "golang-github-containers-common",
    paths: ["/usr/share/containers/seccomp.json"],
  },
  {
    need: "libfaketime",
    debianPackage: "libfaketime",
    paths: ["x86_64", "aarch64"].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`),
  },
  { need: "nft", debianPackage: "nftables", paths: ["/usr/sbin/nft", "/sbin/nft"] },
  { need: "nginx", debianPackage: "nginx-light", paths: ["/usr/sbin/nginx"] },
  { need: "openssl", debianPackage: "openssl", paths: ["/usr/bin/openssl"] },
  // An authority for ACME, and with it pebble-challtestsrv, a name server that is told what to say.
  { need: "pebble", debianPackage: "pebble", paths: ["/usr/bin/pebble"] },
  { need: "prlimit", debianPackage: "util-linux", paths: ["/usr/bin/prlimit"] },
  { need: "prometheus", debianPackage: "prometheus", paths: ["/usr/bin/prometheus"] },
  { need: "promtool", debianPackage: "prometheus", paths: ["/usr/bin/promtool"] },
  { need: "python3", debianPackage: "python3", paths: ["/usr/bin/python3"] },
  {
    need: "python3-seccomp",
    debianPackage: "python3-seccomp",
    paths: ["/usr/share/doc/python3-seccomp/copyright"],
  },
  { need: "script", debianPackage: "bsdutils", paths: ["/usr/bin/script"] },
  { need: "shellcheck", debianPackage: "shellcheck", paths: ["/usr/bin/shellcheck"] },
  { need: "strace", debianPackage: "strace", paths: ["/usr/bin/strace"] },
  { need: "systemd-analyze", debianPackage: "systemd", paths: ["/usr/bin/systemd-analyze"] },
];

/** Returns the path of a part, or undefined where it is not installed. */
export function findPart(need: string): string | undefined {
  return PARTS.find((part) => part.need === need)?.paths.find((path) => existsSync(path));
}

/** Path of AppArmor's compiler of profiles, or undefined. */
export const apparmorParser: string | undefined = findPart("apparmor_parser");

/** Path of bubblewrap, or undefined. */
export const bwrap: string | undefined = findPart("bwrap");

/** Path of Caddy, or undefined. */
export const caddy: string | undefined = findPart("caddy");

/** Path of certbot, or undefined. */
export const certbot: string | undefined = findPart("certbot");

/** Path of Debian's Chromium, or undefined. */
export const chromium: string | undefined = findPart("chromium");

/** Path of curl, or undefined. */
export const curl: string | undefined = findPart("curl");

/** Path of gettext's envsubst, or undefined. */
export const envsubst: string | undefined = findPart("envsubst");

/** Path of the schema of compose files, which comes with /usr/bin/docker-compose, or undefined. */
export const composeSchema: string | undefined = findPart("docker-compose");

/** Path of the list of system calls that Docker lets containers make, or undefined. */
export const seccompProfile: string | undefined = findPart("Docker's seccomp profile");

/** Path of the library that gives a process another clock, or undefined. */
export const libfaketime: string | undefined = findPart("libfaketime");

/** Path of nft, which loads firewalls, or undefined. */
export const nft: string | undefined = findPart("nft");

/** Path of nginx, or undefined. */
export const nginx: string | undefined = findPart("nginx");

/** Path of the openssl command, or undefined. */
export const openssl: string | undefined = findPart("openssl");

/** Path of prlimit, or undefined. */
export const prlimit: string | undefined = findPart("prlimit");

/** Path of Prometheus, or undefined. */
export const prometheus: string | undefined = findPart("prometheus");

/** Path of Prometheus' promtool, or undefined. */
export const promtool: string | undefined = findPart("promtool");

/** Path of Python, or undefined: its XML parser judges ours. */
export const python: string | undefined = findPart("python3");

/** Path of script(1), which runs a command at a terminal of its own, or undefined. */
export const script: string | undefined = findPart("script");

/** Path of shellcheck, or undefined. */
export const shellcheck: string | undefined = findPart("shellcheck");

/** Path of strace, or undefined. */
export const strace: string | undefined = findPart("strace");

/** Path of systemd-analyze, or undefined. */
export const systemdAnalyze: string | undefined = findPart("systemd-analyze");

/** True under `npm test -- --long`: long loops, soaks and fuzzing. */
export const isLong: boolean = process.env["PASSERBY_LONG"] === "1";

/** Path of a file of real input that lives beside the repository, or undefined where it is not there. */
export function sharedData(name: string): string | undefined {
  const path = `${SHARED}${name}`;
  return existsSync(path) ? path : undefined;
}

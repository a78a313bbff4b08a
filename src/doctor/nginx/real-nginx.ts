/**
 * What the real nginx says of a configuration: `nginx -t` over a copy in one file, in a folder of its own that is removed.
 *
 * Of the copy everything is replaced that depends on the machine and would make a good configuration fail for a stranger:
 * ports become sockets in the folder, logs and caches lie in it, certificates are promised and not read, hosts are not
 * looked up. What nginx says is told with the owner's file and line.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Directive, type NginxConfig, whereOf } from "./nginx-config.ts";

export type Trial = {
  /** Why it could not be tried. */
  readonly unable?: string;
  readonly isAccepted: boolean;
  readonly message: string;
  /** The owner's `file:line`. */
  readonly where?: string | undefined;
};

const MAX_MS = 20_000;

/** Tries it; `path` is where programs are looked for. */
export function tryNginx(config: NginxConfig, path: string | undefined): Trial {
  const program = findProgram(path);
  if (program === undefined) return unable("install nginx on this machine, or run nginx -t where it runs");
  const folder = mkdtempSync(join(tmpdir(), "passerby-nginx-"));
  try {
    const lines = writeCopy(config.directives, folder);
    writeFileSync(join(folder, "nginx.conf"), lines.map(({ text }) => text).join("\n"));
    const args = ["-t", "-q", "-e", "stderr", "-c", join(folder, "nginx.conf")];
    const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8", timeout: MAX_MS });
    if (error !== undefined) return unable(`${program} cannot be run: ${error.message}`);
    return readTrial(status, stderr, lines);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function findProgram(path: string | undefined): string | undefined {
  const folders = (path ?? "").split(":");
  return folders
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, "nginx"))
    .find((file) => existsSync(file));
}

function unable(reason: string): Trial {
  return { unable: reason, isAccepted: false, message: reason };
}

/** Directives of modules and versions that the nginx here may lack. */
const ELSEWHERE =
  /^(?:brotli|zstd|more_|vhost_traffic|geoip|js_|perl|lua_|opentracing|otel|modsecurity|quic_|http3|http2$|ssl_early|image_filter|xslt|pagespeed|vod|rtmp|echo|headers_more)|_by_lua/;

/** What an nginx says that lacks a module, or does not know how this copy is made (before 1.19.5). */
const TOO_OLD = /dlopen\(\)|invalid parameter "(?:quic|http3)"|invalid option: "e"|cannot load certificate "data:/;

function readTrial(status: number | null, stderr: string, lines: readonly Line[]): Trial {
  const told = stderr.split("\n").find((line) => /\[(?:emerg|crit|alert)\]/.test(line));
  if (status === 0) return { isAccepted: true, message: "is accepted" };
  const [, message = stderr.trim()] = /\[\w+\] (?:\d+#\d+: )?(.*)/.exec(told ?? "") ?? [];
  const [, lineNumber] = /nginx\.conf:(\d+)$/.exec(message) ?? [];
  const directive = lines[Number(lineNumber) - 1]?.directive;
  const [, unknown] = /unknown directive "([^"]+)"/.exec(message) ?? [];
  const isElsewhere = ELSEWHERE.test(unknown ?? "") || TOO_OLD.test(stderr);
  if (isElsewhere)
    return unable(`the nginx here lacks a module or is too old (${message}): run nginx -t where it runs`);
  const plain = message.replace(/ in \S+nginx\.conf:\d+$/, "");
  return { isAccepted: false, message: plain, where: directive && whereOf(directive) };
}

type Line = { readonly text: string; readonly directive: Directive | undefined };

/** Of these nothing is left: they name files or users of another machine. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...["user", "pid", "lock_file", "ssl_dhparam", "ssl_crl", "ssl_session_ticket_key", "ssl_trusted_certificate"],
  ...["ssl_client_certificate", "ssl_verify_client", "ssl_stapling", "ssl_stapling_verify", "ssl_stapling_file"],
  ...["auth_basic_user_file", "ssl_password_file", "proxy_ssl_certificate", "proxy_ssl_certificate_key"],
  ...["proxy_ssl_trusted_certificate", "proxy_ssl_verify", "working_directory", "daemon", "master_process"],
]);
const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
/** Parameters of listen that a socket of the file system does not take. */
const NETWORK_OPTION = /^(?:reuseport|deferred|ipv6only=|fastopen=|so_keepalive=|setfib=|accept_filter=)/;

function writeCopy(directives: readonly Directive[], folder: string): readonly Line[] {
  const lines: Line[] = [{ text: `pid ${folder}/pid;`, directive: undefined }];
  const sockets: string[] = [];
  const write = (block: readonly Directive[], upstreams: ReadonlySet<string>): void => {
    for (const directive of block) {
      const { name, args } = directive;
      if (LEFT_OUT.has(name) || name.endsWith("_temp_path") || (name === "listen" && args.includes("quic"))) continue;
      const words = [name, ...replaceArgs(directive, { folder, sockets, upstreams })].map(quote).join(" ");
      if (directive.block === undefined) {
        lines.push({ text: `${words};`, directive });
        continue;
      }
      // What an `if` and a Lua block hold is not written as words.
      lines.push({ text: `${words} {`, directive });
      const inner = new Set(directive.block.filter((one) => one.name === "upstream").flatMap((one) => one.args));
      if (name === "http") for (const kind of TEMPORARY) lines.push({ text: tempPath(kind, folder), directive });
      write(directive.block, name === "http" ? inner : upstreams);
      lines.push({ text: "}", directive });
    }
  };
  write(directives, new Set());
  return lines;
}

function tempPath(kind: string, folder: string): string {
  return `${kind}_temp_path ${folder}/${kind};`;
}

type Replacing = {
  readonly folder: string;
  readonly sockets: string[];
  readonly upstreams: ReadonlySet<string>;
};

function replaceArgs({ name, args }: Directive, { folder, sockets, upstreams }: Replacing): readonly string[] {
  const [first = "", ...rest] = args;
  if (name === "listen") {
    const index = sockets.includes(first) ? sockets.indexOf(first) : sockets.push(first) - 1;
    return [`unix:${folder}/${index}.sock`, ...rest.filter((option) => !NETWORK_OPTION.test(option))];
  }
  if (name === "ssl_certificate" || name === "ssl_certificate_key") return ["data:$ssl_server_name"];
  if (name === "error_log" || (name === "access_log" && first !== "off")) {
    return [/^(?:stderr|syslog:|memory:)/.test(first) ? first : join(folder, "log"), ...rest];
  }
  if (name === "proxy_cache_path") return [makeFolder(folder, "cache"), ...rest];
  if (name === "server" && first !== "" && !first.startsWith("unix:"))
    return [first.replace(/^[a-z][\w.-]*/i, "127.0.0.1"), ...rest];
  if (name !== "proxy_pass" || first.includes("$")) return args;
  const [, host = ""] = /^https?:\/\/([a-z][\w.-]*)/i.exec(first) ?? [];
  return host === "" || host === "unix" || upstreams.has(host)
    ? args
    : [first.replace(`//${host}`, "//127.0.0.1"), ...rest];
}

function makeFolder(folder: string, name: string): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** A word as nginx reads it back; the brackets of an `if` and bare words stay as they are. */
function quote(word: string): string {
  if (word !== "" && !/[\s;{}"'\\#]/.test(word)) return word;
  return `"${word.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** The variables of nginx for one request: built-in ones, maps and captures, as far as files alone can tell. */
import type { Directive } from "./nginx-config.ts";

/** A request as nginx sees it. */
export type Asked = {
  readonly method: string;
  /** Decoded path without the query. */
  readonly path: string;
  readonly query?: string;
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** Whether it comes over IPv4, as it does where nothing is said, or IPv6. */
  readonly family?: 4 | 6;
  /** The name in the TLS handshake, where it is not the host. */
  readonly sni?: string;
  readonly address?: string;
  /** By name in small letters. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the collector's answer bears, by name in small letters. */
  readonly upstreamHeaders?: Readonly<Record<string, string>>;
  /** When it comes, in milliseconds since 1970. */
  readonly nowMs?: number;
  /** Status of the answer. */
  readonly status?: number;
};

export type Variables = {
  readonly asked: Asked;
  /** Path after rewrites. */
  path: string;
  /** Set by `set` and by captures. */
  readonly values: Map<string, string>;
  readonly maps: ReadonlyMap<string, Directive>;
};

const MAX_DEPTH = 10;
const NAME = /\$(?:\{(\w+)\}|(\w+))/g;

/** Names of the variables in a text. */
export function namesIn(text: string): readonly string[] {
  return [...text.matchAll(NAME)].map(([, braced, bare]) => braced ?? bare ?? "");
}

/** The text with every variable put in; one that files alone do not tell is empty. */
export function evaluate(text: string, variables: Variables, depth = 0): string {
  return text.replace(NAME, (_whole, braced?: string, bare?: string) => lookUp(braced ?? bare ?? "", variables, depth));
}

function lookUp(name: string, variables: Variables, depth: number): string {
  const known = variables.values.get(name);
  if (known !== undefined) return known;
  const map = variables.maps.get(name);
  if (map !== undefined) return depth > MAX_DEPTH ? "" : mapped(map, variables, depth);
  return builtIn(name, variables);
}

type Facts = { readonly variables: Variables; readonly uri: string; readonly address: string };

const SOME_DAY_MS = Date.UTC(2026, 0, 31, 12, 34, 56);

const BUILT_IN: ReadonlyMap<string, (facts: Facts) => string> = new Map<string, (facts: Facts) => string>([
  ["request_method", ({ variables }) => variables.asked.method],
  ["uri", ({ variables }) => variables.path],
  ["document_uri", ({ variables }) => variables.path],
  ["request_uri", ({ uri }) => uri],
  ["args", ({ variables }) => variables.asked.query ?? ""],
  ["query_string", ({ variables }) => variables.asked.query ?? ""],
  ["is_args", ({ variables }) => (variables.asked.query ? "?" : "")],
  ["request", ({ variables, uri }) => `${variables.asked.method} ${uri} HTTP/1.1`],
  ["scheme", ({ variables }) => (variables.asked.isTls ? "https" : "http")],
  ["https", ({ variables }) => (variables.asked.isTls ? "on" : "")],
  ["host", ({ variables }) => variables.asked.host],
  ["server_port", ({ variables }) => String(variables.asked.port)],
  ["remote_addr", ({ address }) => address],
  ["binary_remote_addr", ({ address }) => address],
  ["realip_remote_addr", ({ address }) => address],
  [
    "proxy_add_x_forwarded_for",
    ({ variables, address }) => [variables.asked.headers?.["x-forwarded-for"], address].filter(Boolean).join(", "),
  ],
  ["msec", ({ variables }) => ((variables.asked.nowMs ?? SOME_DAY_MS) / 1000).toFixed(3)],
  ["status", ({ variables }) => String(variables.asked.status ?? 200).padStart(3, "0")],
]);

/** What does not depend on the request, as some request has it. */
const SAMPLES: Readonly<Record<string, string>> = {
  ...{ server_protocol: "HTTP/2.0", ssl_protocol: "TLSv1.3", proxy_host: "proxy-host", proxy_port: "80" },
  ...{ request_time: "0.004", request_length: "412", bytes_sent: "611" },
  ...{ body_bytes_sent: "201", connection: "7", pid: "1", content_type: "application/json" },
  ...{ time_iso8601: "2026-01-31T12:34:56+00:00", time_local: "31/Jan/2026:12:34:56 +0000" },
  ...{ limit_req_status: "PASSED", limit_conn_status: "PASSED", upstream_status: "202", upstream_addr: "collector" },
  ...{ upstream_response_time: "0.003", upstream_cache_status: "MISS" },
};

function builtIn(name: string, variables: Variables): string {
  const { asked, path } = variables;
  if (name.startsWith("http_")) return asked.headers?.[headerName(name, "http_")] ?? "";
  if (name.startsWith("upstream_http_")) return asked.upstreamHeaders?.[headerName(name, "upstream_http_")] ?? "";
  if (name.startsWith("cookie_")) return `cookie ${name}`;
  if (name.startsWith("arg_")) return asked.query ?? "";
  const uri = asked.query ? `${path}?${asked.query}` : path;
  const address = asked.address ?? "192.0.2.77";
  return BUILT_IN.get(name)?.({ variables, uri, address }) ?? SAMPLES[name] ?? "";
}

function headerName(name: string, prefix: string): string {
  return name.slice(prefix.length).replaceAll("_", "-");
}

/** Exact texts first, then masks, then regular expressions in order, then the default (ngx_http_map_module). */
function mapped(map: Directive, variables: Variables, depth: number): string {
  const source = evaluate(map.args[0] ?? "", variables, depth + 1);
  const entries = (map.block ?? []).map(({ name, args }): [string, string] => [name, args[0] ?? ""]);
  const exact = entries.find(([key]) => isPlain(key) && key.replace(/^\\/, "").toLowerCase() === source.toLowerCase());
  const isHostnames = (map.block ?? []).some(({ name, args }) => name === "hostnames" && args.length === 0);
  const mask = isHostnames ? entries.find(([key]) => isMasked(key, source)) : undefined;
  const chosen = exact ?? mask ?? entries.find(([key]) => key.startsWith("~") && capture(key, source, variables));
  const value = (chosen ?? entries.find(([key]) => key === "default"))?.[1] ?? "";
  return evaluate(value, variables, depth + 1);
}

function isPlain(key: string): boolean {
  return !key.startsWith("~") && !["default", "hostnames", "volatile"].includes(key);
}

function isMasked(key: string, source: string): boolean {
  if (key.startsWith(".")) return source === key.slice(1) || source.endsWith(key);
  if (key.startsWith("*.")) return source.endsWith(key.slice(1));
  return key.endsWith(".*") && source.startsWith(key.slice(0, -1));
}

/** Matches `~pattern` or `~*pattern`, and keeps its captures. */
export function capture(pattern: string, source: string, { values }: Variables): boolean {
  const isAnyCase = pattern.startsWith("~*");
  const match = toRegExp(pattern.replace(/^~\*?/, ""), isAnyCase)?.exec(source);
  if (!match) return false;
  for (const [index, text] of match.entries()) values.set(String(index), text ?? "");
  for (const [name, text] of Object.entries(match.groups ?? {})) values.set(name, text ?? "");
  return true;
}

/** The expression as JavaScript knows it; undefined where PCRE has something that JavaScript has not. */
export function toRegExp(pattern: string, isAnyCase: boolean): RegExp | undefined {
  const [inline] = /^\(\?[a-z]+\)/.exec(pattern) ?? [""];
  const rest = pattern
    .slice(inline.length)
    .replaceAll("(?P<", "(?<")
    .replaceAll("\\A", "^")
    .replaceAll(/\\[zZ]/g, "$");
  try {
    return new RegExp(rest, isAnyCase || inline.includes("i") ? "i" : "");
  } catch {
    return undefined;
  }
}

/** That nginx takes the configuration: servers are there, values parse, zones and formats exist, nginx -t agrees. */
import type { Check } from "../../check.ts";
import { type EdgeModel, walk } from "../../nginx/edge-servers.ts";
import type { Directive } from "../../nginx/nginx-config.ts";
import { optionOf, parseRate, parseSize, parseTimeMs } from "../../nginx/nginx-units.ts";
import { tryNginx } from "../../nginx/real-nginx.ts";
import { absent, doubtful, edgeCheck, failing, found, good, type Problem, seen, unseen } from "./edge-check.ts";

const TIMES =
  "client_header_timeout client_body_timeout send_timeout keepalive_timeout lingering_time lingering_timeout proxy_connect_timeout proxy_send_timeout proxy_read_timeout ssl_session_timeout worker_shutdown_timeout resolver_timeout proxy_cache_lock_timeout";
const SIZES =
  "client_max_body_size client_body_buffer_size client_header_buffer_size proxy_buffer_size proxy_busy_buffers_size proxy_max_temp_file_size";
const FLAGS =
  "proxy_buffering limit_req_dry_run limit_conn_dry_run proxy_intercept_errors reset_timedout_connection ssl_prefer_server_ciphers ssl_session_tickets gzip gzip_vary proxy_cache_lock proxy_cache_revalidate proxy_cache_background_update proxy_ignore_client_abort ssl_reject_handshake sendfile tcp_nodelay tcp_nopush merge_slashes real_ip_recursive http2 recursive_error_pages proxy_pass_request_headers proxy_pass_request_body";
const NUMBERS = "worker_connections worker_rlimit_nofile http2_max_concurrent_streams keepalive_requests";

const LISTEN = /^(?:unix:.+|\d{1,5}|(?:\[[\da-f:.]*\]|\*|[\w.-]+):\d{1,5}|\[[\da-f:.]+\]|\d+(?:\.\d+){3}|localhost)$/i;

/** What a directive takes, where its arguments are none of it. */
type Rule = (args: readonly string[]) => string | undefined;

const ruleOf = new Map<string, Rule>([
  ...each(TIMES, ([first = ""]) => (parseTimeMs(first) === undefined ? "a time such as 10s or 1m" : undefined)),
  ...each(SIZES, ([first = ""]) => (parseSize(first) === undefined ? "a size such as 64k or 1m" : undefined)),
  ...each(FLAGS, ([first = ""]) => (/^(?:on|off)$/i.test(first) ? undefined : "on or off")),
  ...each(NUMBERS, ([first = ""]) => (/^\d+$/.test(first) ? undefined : "a whole number")),
  ...each("limit_req_status limit_conn_status", ([first = ""]) =>
    /^[45]\d\d$/.test(first) ? undefined : "a status from 400 to 599",
  ),
  ...each("return", ([first = ""]) =>
    /^\d+$/.test(first) && !/^(?:[2-5]\d\d)$/.test(first) ? "a status from 200 to 599" : undefined,
  ),
  ...each("listen", ([first = ""]) => (LISTEN.test(first) ? undefined : "a port or an address with a port")),
  ...each("limit_req_zone", (args) =>
    parseRate(optionOf(args, "rate") ?? "") === undefined
      ? "rate= in r/s or r/m (nginx knows no r/h; 1r/m is the slowest)"
      : undefined,
  ),
]);

function each(names: string, rule: Rule): readonly (readonly [string, Rule])[] {
  return names.split(" ").map((name) => [name, rule] as const);
}

/** Directives that name what another one declares. */
function findUndeclared({ http }: EdgeModel, all: readonly Directive[]): readonly Problem[] {
  const zones = (name: string): readonly string[] =>
    http.filter((one) => one.name === name).flatMap(({ args }) => (optionOf(args, "zone") ?? "").split(":")[0] ?? []);
  const caches = http
    .filter(({ name }) => name === "proxy_cache_path")
    .flatMap(({ args }) => (optionOf(args, "keys_zone") ?? "").split(":")[0] ?? []);
  const formats = [
    "combined",
    ...http.filter(({ name }) => name === "log_format").flatMap(({ args }) => args[0] ?? []),
  ];
  const declared: Readonly<Record<string, { readonly names: readonly string[]; readonly by: string }>> = {
    limit_req: { names: zones("limit_req_zone"), by: "limit_req_zone" },
    limit_conn: { names: zones("limit_conn_zone"), by: "limit_conn_zone" },
    proxy_cache: { names: ["off", ...caches], by: "proxy_cache_path" },
    access_log: { names: formats, by: "log_format" },
  };
  return all.flatMap((directive) => {
    const { name, args } = directive;
    const known = declared[name];
    const used = name === "limit_req" ? optionOf(args, "zone") : args[name === "access_log" ? 1 : 0];
    if (known === undefined || used === undefined || /[=$]/.test(used) || known.names.includes(used)) return [];
    return [failing(seen(directive), `No ${known.by} declares ${used}: nginx does not start. Name one that there is.`)];
  });
}

export const EDGE_SYNTAX_CHECKS: readonly Check[] = [
  edgeCheck({
    id: "edge.servers-found",
    line: "3.1",
    severity: "critical",
    asks: "The configuration of nginx has servers in it",
    how: "Follows every include and looks for server blocks.",
    remedy:
      "See that the includes match the files that hold the servers; a wildcard that matches nothing is no error to nginx.",
    look: ({ config, model }) => {
      if (model.servers.length > 0)
        return good({ what: "server", found: `${model.servers.length} blocks`, where: config.path });
      const empty = config.includes.filter(({ files }) => files.length === 0).map(({ directive }) => directive);
      const evidence = empty.map((one) => seen(one, "an include that matches no file"));
      const text = "nginx would start and answer nobody: put the server's file where an include looks for it.";
      const nothing = { what: "server", found: "(none)", where: config.path };
      return found((evidence.length > 0 ? evidence : [nothing]).map((one) => failing(one, text)));
    },
  }),
  edgeCheck({
    id: "edge.values-parse",
    line: "3.1",
    severity: "critical",
    asks: "Rates, times, sizes, switches and names of zones are ones that nginx takes",
    how: "Reads the values of the directives that matter here as nginx does, and looks each zone, cache and log format up.",
    remedy: "Give the value in the form that is named; nginx refuses the whole configuration for one of them.",
    look: ({ config, model }) => {
      const all = [...walk(config.directives)];
      const wrong = all.flatMap((directive) => {
        const expected = ruleOf.get(directive.name)?.(directive.args);
        return expected === undefined ? [] : [failing(seen(directive), `${directive.name} takes ${expected}.`)];
      });
      const read = { what: "directives", found: String(all.length), where: config.path };
      return found([...wrong, ...findUndeclared(model, all)], read);
    },
  }),
  edgeCheck({
    id: "edge.listens-named",
    line: "3.1",
    severity: "low",
    asks: "Each server says where it listens",
    how: "Looks for a listen in each server: without one nginx listens at 80 where root starts it, and at 8000 elsewhere.",
    remedy: "Add `listen 80;` or `listen 443 ssl;`.",
    after: ["edge.servers-found"],
    look: ({ config, model }) => {
      const silent = model.servers.filter(({ directive }) => !directive.block?.some(({ name }) => name === "listen"));
      const text = "Where it listens depends on who starts nginx: say it.";
      return found(
        silent.map(({ directive }) => doubtful(absent("listen", directive), text)),
        { what: "servers with listen", found: `${model.servers.length}`, where: config.path },
      );
    },
  }),
  edgeCheck({
    id: "edge.nginx-accepts",
    line: "3.1",
    severity: "critical",
    asks: "nginx itself accepts the configuration",
    how: "Runs nginx -t, where nginx is installed, over a copy in a temporary folder in which ports, log files and certificates are replaced, so that it needs no rights and touches nothing of yours.",
    remedy: "Mend the line that nginx names.",
    after: ["edge.servers-found", "edge.values-parse"],
    look: ({ config }, { options }) => {
      const tried = tryNginx(config, options.environment["PATH"]);
      if (tried.unable !== undefined) return unseen(tried.unable);
      const evidence = { what: "nginx -t", found: tried.message, where: tried.where ?? config.path };
      return tried.isAccepted
        ? good(evidence)
        : found([failing(evidence, "nginx does not start with this: mend the line.")]);
    },
  }),
];

/** How long and how much: timeouts, buffers, connections, workers, and the live stream that outlasts them. */
import type { Check } from "../../check.ts";
import { argsInForce, inForce, type Scope } from "../../nginx/edge-servers.ts";
import { optionOf, parseSize, parseTimeMs } from "../../nginx/nginx-units.ts";
import { absent, doubtful, edgeCheck, eventCheck, failing, found, type Problem, seen } from "./edge-check.ts";
import { type EdgeView, isCollectors, type WithEvent } from "./edge-view.ts";

/** A value that may lie between two others; in ms, bytes or by number. */
type Bound = {
  readonly name: string;
  /** What nginx takes where nothing is said. */
  readonly own: string;
  readonly least: number;
  readonly most: number;
  readonly read: (text: string) => number | undefined;
  readonly because: string;
};

const S = 1000;
const KIB = 1024;

function judgeBounds(scopes: readonly Scope[], bounds: readonly Bound[]): readonly Problem[] {
  return bounds.flatMap(({ name, own, least, most, read, because }): readonly Problem[] => {
    const directive = inForce(scopes, name).at(-1);
    const value = read(directive?.args[0] ?? own);
    if (value === undefined || (value >= least && value <= most)) return [];
    const evidence = directive ? seen(directive) : absent(`${name} (nginx's own: ${own})`, scopes);
    return [doubtful(evidence, because)];
  });
}

const time = (name: string, own: string, [least, most]: readonly [number, number], because: string): Bound => ({
  ...{ name, own, because, least: least * S, most: most * S, read: parseTimeMs },
});
const size = (name: string, own: string, [least, most]: readonly [number, number], because: string): Bound => ({
  ...{ name, own, because, least: least * KIB, most: most * KIB, read: parseSize },
});
const count = (name: string, own: string, [least, most]: readonly [number, number], because: string): Bound => ({
  ...{ name, own, because, least, most, read: Number },
});

const SLOW = "A client that sends a byte now and then holds a connection so long";
const CLIENTS: readonly Bound[] = [
  time("client_header_timeout", "60s", [2, 30], `${SLOW}: use client_header_timeout 10s.`),
  time("client_body_timeout", "60s", [2, 30], `${SLOW}: use client_body_timeout 5s.`),
  time("send_timeout", "60s", [2, 60], `${SLOW}: use send_timeout 10s.`),
  time(
    "keepalive_timeout",
    "75s",
    [5, 120],
    "Idle connections are closed too soon or too late: use keepalive_timeout 30s.",
  ),
  time("lingering_time", "30s", [1, 30], "A refused body is read on for so long: use lingering_time 10s."),
  time("lingering_timeout", "5s", [1, 10], "A refused body is waited for so long: use lingering_timeout 2s."),
  size("client_header_buffer_size", "1k", [1, 16], "Use client_header_buffer_size 2k."),
  count("http2_max_concurrent_streams", "128", [8, 128], "Use http2_max_concurrent_streams 64."),
];
const OTHERS: readonly Bound[] = [
  size("client_max_body_size", "1m", [16, 1024], "No other route takes large bodies: use client_max_body_size 64k."),
];
const EVENTS: readonly Bound[] = [
  time(
    "proxy_connect_timeout",
    "60s",
    [1, 15],
    "A collector on the same network connects at once: use proxy_connect_timeout 2s.",
  ),
  time("proxy_send_timeout", "60s", [2, 60], "Use proxy_send_timeout 10s."),
  time(
    "proxy_read_timeout",
    "60s",
    [2, 30],
    "A hung collector holds every event so long: use proxy_read_timeout 5s there.",
  ),
];
const QUESTIONS: readonly Bound[] = [
  time(
    "proxy_read_timeout",
    "60s",
    [20, 300],
    "A question to the store may take 60 s, and the stream beats every 15 s: use proxy_read_timeout 60s.",
  ),
];
const STREAM = "/api/metrics/stream";

/** What nginx keeps of headers for one connection, in bytes. */
function judgeLargeHeaders(scopes: readonly Scope[]): readonly Problem[] {
  const directive = inForce(scopes, "large_client_header_buffers").at(-1);
  const [number = "4", bytes = "8k"] = directive?.args ?? [];
  const [buffers, each] = [Number(number), parseSize(bytes) ?? 0];
  if (directive === undefined || (buffers >= 2 && buffers <= 8 && each >= 4 * KIB && each <= 32 * KIB)) return [];
  return [doubtful(seen(directive), "Use `large_client_header_buffers 4 8k;`.")];
}

function judgeReset(scopes: readonly Scope[]): readonly Problem[] {
  const [directive] = inForce(scopes, "reset_timedout_connection");
  if (directive === undefined || directive.args[0] === "on") return [];
  return [doubtful(seen(directive), "A connection that ran out of time keeps its memory: turn it on.")];
}

/** Limits of connections in force, each with the number of one address and how its key is written. */
function connectionLimits({ model }: EdgeView, scopes: readonly Scope[]) {
  return inForce(scopes, "limit_conn").map((directive) => {
    const [name = "", number] = directive.args;
    const zone = model.http.find(
      (one) => one.name === "limit_conn_zone" && optionOf(one.args, "zone")?.split(":")[0] === name,
    );
    return {
      directive,
      zone,
      number: Number(number),
      isOfAddress: /^\$(?:binary_)?remote_addr$/.test(zone?.args[0] ?? ""),
    };
  });
}

function judgeConnections(view: WithEvent) {
  const { event, ask } = view;
  const stream = ask(STREAM);
  const text =
    "One address can hold as many connections as it likes: add `limit_conn` with a zone of $binary_remote_addr.";
  const problems: Problem[] = [];
  for (const { scopes } of [event, ...(stream.kind === "proxy" ? [stream] : [])]) {
    const limits = connectionLimits(view, scopes);
    const [own] = limits.filter(({ isOfAddress }) => isOfAddress);
    const other = limits.find(({ isOfAddress }) => !isOfAddress);
    if (other !== undefined) {
      const evidence = other.zone ? seen(other.zone) : seen(other.directive);
      problems.push(doubtful(evidence, "Count connections by $binary_remote_addr."));
      continue;
    }
    const widest = Math.max(...limits.map(({ number }) => number));
    if (own === undefined) problems.push(doubtful(absent("limit_conn", scopes), text));
    else if (widest < 20 || widest > 500) problems.push(doubtful(seen(own.directive), "Use `limit_conn … 100;`."));
  }
  const all = [...connectionLimits(view, event.scopes), ...connectionLimits(view, stream.scopes)];
  for (const { zone } of all) {
    const bytes = parseSize(optionOf(zone?.args ?? [], "zone")?.split(":")[1] ?? "") ?? KIB * KIB;
    if (zone && (bytes < 512 * KIB || bytes > 64 * KIB * KIB))
      problems.push(doubtful(seen(zone), "Use a zone of 10m."));
  }
  const [status] = inForce(event.scopes, "limit_conn_status");
  if (all.length > 0 && status?.args[0] !== "429") {
    const evidence = status ? seen(status) : absent("limit_conn_status (nginx's own: 503)", event.scopes.slice(0, 2));
    problems.push(doubtful(evidence, "Set `limit_conn_status 429;`: 503 says that nobody can come in."));
  }
  const unique = new Map(problems.map((one) => [`${one.evidence.where} ${one.text}`, one]));
  return found([...unique.values()], ...all.slice(0, 1).map(({ directive }) => seen(directive)));
}

function judgeStream(view: WithEvent) {
  const stream = view.ask(STREAM);
  const problems: Problem[] = [];
  const [buffering] = inForce(stream.scopes, "proxy_buffering");
  if (buffering?.args[0] !== "off") {
    const evidence = buffering ? seen(buffering) : absent("proxy_buffering (nginx's own: on)", stream.scopes);
    problems.push(
      doubtful(
        evidence,
        `Put \`proxy_buffering off;\` into a location of ${STREAM}: events are to come as they happen.`,
      ),
    );
  }
  const [cache] = inForce(stream.scopes, "proxy_cache");
  if (cache && cache.args[0] !== "off")
    problems.push(failing(seen(cache), "Live data must not be cached: turn it off."));
  const ignored = inForce(stream.scopes, "proxy_ignore_headers").find(({ args }) => args.includes("X-Accel-Buffering"));
  if (ignored)
    problems.push(doubtful(seen(ignored), "The collector says by X-Accel-Buffering that nothing be buffered."));
  const limits = connectionLimits(view, stream.scopes);
  const least = Math.min(...limits.map(({ number }) => number));
  const tightest = limits.find(({ number }) => number === least);
  if (tightest === undefined || least > 50 || least < 3) {
    const evidence = tightest ? seen(tightest.directive) : absent("limit_conn", stream.scopes);
    problems.push(
      doubtful(evidence, "A stream stays open: allow an address about ten of them (`limit_conn edge_streams 10;`)."),
    );
  }
  return found(problems, ...(buffering ? [seen(buffering)] : []));
}

export const EDGE_TIME_CHECKS: readonly Check[] = [
  eventCheck({
    id: "edge.client-limits",
    line: "3.2",
    severity: "medium",
    asks: "A slow client is not waited for long, and cannot hold much memory",
    how: "Reads the timeouts and buffers for clients that are in force where events arrive, nginx's own values included.",
    remedy: "Take over deploy/edge/passerby/limits.conf.",
    after: ["edge.values-parse"],
    look: ({ event, ask }) =>
      found(
        [
          ...judgeBounds(ask("/api/metrics/behavior").scopes, OTHERS),
          ...judgeBounds(event.scopes, CLIENTS),
          ...judgeLargeHeaders(event.scopes),
          ...judgeReset(event.scopes),
        ],
        ...inForce(event.scopes, "client_body_timeout").map((one) => seen(one)),
      ),
  }),
  eventCheck({
    id: "edge.proxy-timeouts",
    line: "3.2",
    severity: "medium",
    asks: "nginx waits for the collector as long as an answer may take, and no longer",
    how: "Reads the timeouts that are in force for events, for figures and for the live stream.",
    remedy: "Use `proxy_connect_timeout 2s;`, `proxy_read_timeout 5s;` for events and 60s for everything else.",
    after: ["edge.values-parse"],
    look: ({ event, ask }) => {
      const others = ["/api/metrics/behavior", STREAM, "/"]
        .map((path) => ask(path))
        .filter((one) => isCollectors(one, event))
        .flatMap(({ scopes }) => judgeBounds(scopes, QUESTIONS));
      const unique = new Map(others.map((one) => [one.evidence.where ?? one.evidence.found, one]));
      return found(
        [...judgeBounds(event.scopes, EVENTS), ...unique.values()],
        ...inForce(event.scopes, "proxy_read_timeout").map((one) => seen(one)),
      );
    },
  }),
  eventCheck({
    id: "edge.connections-limited",
    line: "3.2",
    severity: "medium",
    asks: "One address may hold about a hundred connections",
    how: "Reads limit_conn, its zone and limit_conn_status where events arrive and at the live stream.",
    remedy:
      "Add `limit_conn_zone $binary_remote_addr zone=edge_connections:10m;`, `limit_conn edge_connections 100;` and `limit_conn_status 429;`.",
    after: ["edge.values-parse"],
    look: judgeConnections,
  }),
  eventCheck({
    id: "edge.stream-passes",
    line: "3.2",
    severity: "medium",
    asks: "Live data passes as it comes, and an address has few streams",
    how: "Reads proxy_buffering, proxy_cache and limit_conn where /api/metrics/stream is passed on.",
    remedy: "Give /api/metrics/stream a location with `proxy_buffering off;` and a limit of ten streams an address.",
    after: ["edge.connections-limited"],
    look: judgeStream,
  }),
  edgeCheck({
    id: "edge.workers",
    line: "3.2",
    severity: "low",
    asks: "nginx may open as many connections as a busy day needs",
    how: "Reads worker_processes, worker_connections, worker_rlimit_nofile and worker_shutdown_timeout.",
    remedy:
      "Use `worker_processes auto;`, `worker_connections 4096;`, `worker_rlimit_nofile 16384;` and `worker_shutdown_timeout 20s;`.",
    after: ["edge.values-parse"],
    look: ({ config }) => {
      const top = [{ opening: undefined, directives: config.directives }];
      const events = config.directives.find(({ name }) => name === "events");
      const inside = [...top, { opening: events, directives: events?.block ?? [] }];
      const connections = Number(argsInForce(inside, "worker_connections")?.[0] ?? 512);
      const [files] = inForce(top, "worker_rlimit_nofile");
      const [shutdown] = inForce(top, "worker_shutdown_timeout");
      const [processes] = inForce(top, "worker_processes");
      const problems: Problem[] = [
        ...judgeBounds(inside, [count("worker_connections", "512", [1000, 65_535], "Use worker_connections 4096.")]),
      ];
      if (files && Number(files.args[0]) < 2 * connections) {
        problems.push(doubtful(seen(files), "A proxied request takes two files: allow twice worker_connections."));
      }
      if (!/^(?:auto|[1-9]\d*)$/.test(processes?.args[0] ?? "1"))
        problems.push(doubtful(processes ? seen(processes) : absent("worker_processes", top), "Use auto."));
      const shutdownMs = parseTimeMs(shutdown?.args[0] ?? "") ?? 0;
      if (shutdownMs < 5 * S || shutdownMs > 120 * S) {
        const evidence = shutdown ? seen(shutdown) : absent("worker_shutdown_timeout", top);
        const why = "After a reload old workers stay until their live streams end, or cut them at once";
        problems.push(doubtful(evidence, `${why}: use worker_shutdown_timeout 20s.`));
      }
      return found(problems, { what: "worker_connections", found: String(connections), where: config.path });
    },
  }),
];

/** What the collector is told of a request: who sent it, for which host, and over what. */
import type { Check } from "../../check.ts";
import { inForce, walk } from "../../nginx/edge-servers.ts";
import type { Directive } from "../../nginx/nginx-config.ts";
import { parseTimeMs } from "../../nginx/nginx-units.ts";
import type { Outcome } from "../../nginx/simulate.ts";
import { evaluate } from "../../nginx/variables.ts";
import { absent, doubtful, edgeCheck, eventCheck, failing, found, good, type Problem, seen } from "./edge-check.ts";
import { type EdgeView, FORGED, isCollectors } from "./edge-view.ts";

type Sent = { readonly directive: Directive | undefined; readonly value: string };

/** A header as the collector gets it: nginx passes on what the client sent where nothing sets it. */
function headerSent({ scopes, variables }: Outcome, name: string): Sent {
  const directive = inForce(scopes, "proxy_set_header").findLast(({ args }) => args[0]?.toLowerCase() === name);
  const own =
    name === "host" ? "$proxy_host" : name === "connection" ? "close" : (variables.asked.headers?.[name] ?? "");
  const values = new Map(variables.values);
  return { directive, value: evaluate(directive?.args[1] ?? own, { ...variables, values }) };
}

/** Kinds of requests that the collector is asked, each with what it is. */
function proxied({ ask, event }: EdgeView & { readonly event: Outcome }): readonly Outcome[] {
  const asked = ["/api/metrics/behavior", "/api/metrics/stream", "/passerby.js", "/", "/assets/index.js"].map((path) =>
    ask(path),
  );
  return [event, ...asked].filter((one) => isCollectors(one, event));
}

/** One problem for each place in the configuration, however many requests lead there. */
function oncePerPlace(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((one) => [`${one.evidence.where} ${one.evidence.found}`, one])).values()];
}

const ADDRESS = "192.0.2.77";

function judgeForwardedFor(outcome: Outcome): readonly Problem[] {
  const { directive, value } = headerSent(outcome, "x-forwarded-for");
  if (value === ADDRESS) return [];
  const forged = FORGED["x-forwarded-for"] ?? "";
  if (directive === undefined) {
    const text =
      "nginx passes on what the client claims: set it with `proxy_set_header X-Forwarded-For $remote_addr;`.";
    return [failing(absent("proxy_set_header X-Forwarded-For", outcome.scopes), text)];
  }
  if (value.includes(forged) && value.includes(ADDRESS)) {
    const text = "The visitor's own claim is passed on before the address: use $remote_addr, which nobody can forge.";
    return [doubtful(seen(directive), text)];
  }
  const text = value.includes(forged)
    ? "A visitor names any address: use $remote_addr."
    : "All visitors are one: use $remote_addr.";
  return [failing(seen(directive), text)];
}

function isWide(range: string): boolean {
  const [address = "", bits] = range.split("/");
  return bits !== undefined && Number(bits) < (address.includes(":") ? 16 : 8);
}

export const EDGE_VISITOR_CHECKS: readonly Check[] = [
  eventCheck({
    id: "edge.forwarded-for",
    line: "3.2",
    severity: "critical",
    asks: "The collector is told the address that connects, and nothing that a client can forge",
    how: "Works out X-Forwarded-For of requests for events, figures, live data, scripts and the dashboard, sent with a forged one.",
    remedy:
      "Use `proxy_set_header X-Forwarded-For $remote_addr;` in the server, and set no proxy_set_header in a location, or all of them again.",
    look: (view) => {
      const problems = proxied(view).flatMap(judgeForwardedFor);
      const { directive } = headerSent(view.event, "x-forwarded-for");
      return found(oncePerPlace(problems), ...(directive ? [seen(directive)] : []));
    },
  }),
  eventCheck({
    id: "edge.forwarded-proto",
    line: "3.2",
    severity: "high",
    asks: "The collector is told whether the request came over TLS",
    how: "Works out X-Forwarded-Proto of these requests; the dashboard sets its cookie by it.",
    remedy: "Use `proxy_set_header X-Forwarded-Proto $scheme;` in the server.",
    after: ["edge.forwarded-for"],
    look: (view) => {
      const scheme = view.door?.isTls ? "https" : "http";
      const problems = proxied(view).flatMap((outcome): readonly Problem[] => {
        const { directive, value } = headerSent(outcome, "x-forwarded-proto");
        // Whatever ends TLS before this nginx may have said https.
        if (value === scheme || (scheme === "http" && value === "https")) return [];
        const evidence = directive ? seen(directive) : absent("proxy_set_header X-Forwarded-Proto", outcome.scopes);
        return [failing(evidence, "Use `proxy_set_header X-Forwarded-Proto $scheme;`.")];
      });
      const { directive } = headerSent(view.event, "x-forwarded-proto");
      return found(oncePerPlace(problems), ...(directive ? [seen(directive)] : []));
    },
  }),
  eventCheck({
    id: "edge.host",
    line: "3.2",
    severity: "medium",
    asks: "The collector is told the name that the browser asked for",
    how: "Works out Host of these requests: the dashboard compares it with the Origin of its own pages.",
    remedy:
      "Use `proxy_set_header Host $host;`, with the port where it is not 443. Not $http_host, which a client chooses freely.",
    after: ["edge.forwarded-for"],
    look: (view) => {
      const problems = proxied(view).flatMap((outcome): readonly Problem[] => {
        const { directive, value } = headerSent(outcome, "host");
        const evidence = directive ? seen(directive) : absent("proxy_set_header Host", outcome.scopes);
        if (value.replace(/:\d+$/, "") !== outcome.variables.asked.host) {
          return [failing(evidence, "Signing in at the dashboard is refused: use `proxy_set_header Host $host;`.")];
        }
        const isChosen = /\$\{?http_host\b/.test(directive?.args[1] ?? "");
        return isChosen ? [doubtful(evidence, "A client chooses $http_host past server_name: use $host.")] : [];
      });
      const { directive } = headerSent(view.event, "host");
      return found(oncePerPlace(problems), ...(directive ? [seen(directive)] : []));
    },
  }),
  eventCheck({
    id: "edge.dashboard-cookie",
    line: "3.2",
    severity: "medium",
    asks: "The dashboard gets its cookie, and events are sent on without any",
    how: "Works out Cookie of a request for the dashboard, and of an event.",
    remedy: "Pass Cookie on for everything but /api/metrics/, where the collector reads none.",
    after: ["edge.forwarded-for"],
    look: ({ ask, event }) => {
      const page = ask("/");
      const cookie = headerSent(page, "cookie");
      const evidence = cookie.directive ? seen(cookie.directive) : absent("proxy_set_header Cookie", page.scopes);
      if (isCollectors(page, event) && cookie.value !== FORGED["cookie"]) {
        return found([failing(evidence, "Nobody can stay signed in: pass $http_cookie on outside of /api/metrics/.")]);
      }
      // Where nobody has set up anything the cookie passes, which harms nothing.
      const sent = headerSent(event, "cookie");
      if (sent.directive === undefined || sent.value === "") return good(evidence);
      return found([doubtful(seen(sent.directive), "Events are passed on with cookies that nobody reads: send none.")]);
    },
  }),
  eventCheck({
    id: "edge.keepalive",
    line: "3.2",
    severity: "medium",
    asks: "Connections to the collector are used again",
    how: "Reads keepalive of the upstream, proxy_http_version and Connection where events are passed on.",
    remedy: 'Set `keepalive 32;` in the upstream, `proxy_http_version 1.1;` and `proxy_set_header Connection "";`.',
    after: ["edge.forwarded-for"],
    look: ({ model, event }) => judgeKeepalive(model.http, event),
  }),
  edgeCheck({
    id: "edge.real-ip",
    line: "3.2",
    severity: "critical",
    asks: "Only proxies of yours are believed about a visitor's address",
    how: "Reads set_real_ip_from and real_ip_header everywhere in the configuration.",
    remedy: "Name the ranges of your CDN or load balancer, and nothing wider.",
    look: ({ config }) => {
      const all = [...walk(config.directives)];
      const ranges = all.filter(({ name }) => name === "set_real_ip_from");
      const headers = all.filter(({ name }) => name === "real_ip_header");
      const wide = ranges.filter(({ args }) => isWide(args[0] ?? ""));
      const idle = ranges.length === 0 ? headers : [];
      return found(
        [
          ...wide.map((one) =>
            failing(seen(one), "Anybody may claim any address: name the ranges of your own proxies."),
          ),
          ...idle.map((one) =>
            doubtful(seen(one), "Without set_real_ip_from this does nothing: name who is believed."),
          ),
        ],
        {
          what: "set_real_ip_from",
          found: ranges.length === 0 ? "(none)" : `${ranges.length} ranges`,
          where: config.path,
        },
      );
    },
  }),
];

/** The collector closes a connection that was idle for 72 s. */
const COLLECTOR_KEEPS_MS = 72_000;

function judgeKeepalive(http: readonly Directive[], event: Outcome) {
  const [, name] = /^https?:\/\/([^/]+)/.exec(event.text ?? "") ?? [];
  const upstream = http.find((one) => one.name === "upstream" && one.args[0] === name);
  const inside = (directive: string): Directive | undefined => upstream?.block?.find((one) => one.name === directive);
  const keepalive = inside("keepalive");
  const text = "Each event opens a connection to the collector.";
  if (keepalive === undefined || upstream === undefined) {
    const evidence = upstream ? absent("keepalive", upstream) : { what: "upstream", found: "(none)" };
    return found([doubtful(evidence, `${text} Put \`keepalive 32;\` into an upstream.`)]);
  }
  const problems: Problem[] = [];
  const [version] = inForce(event.scopes, "proxy_http_version");
  const connection = headerSent(event, "connection");
  if (Number(keepalive.args[0]) < 2) problems.push(doubtful(seen(keepalive), `${text} Use \`keepalive 32;\`.`));
  if (version?.args[0] !== "1.1") {
    const evidence = version ? seen(version) : absent("proxy_http_version", event.scopes);
    problems.push(doubtful(evidence, `${text} Set \`proxy_http_version 1.1;\`.`));
  }
  if (connection.value !== "") {
    const evidence = connection.directive
      ? seen(connection.directive)
      : absent("proxy_set_header Connection", event.scopes);
    problems.push(doubtful(evidence, `${text} Set \`proxy_set_header Connection "";\`.`));
  }
  const idle = inside("keepalive_timeout");
  const idleMs = parseTimeMs(idle?.args[0] ?? "60s") ?? 0;
  if (idle !== undefined && (idleMs >= COLLECTOR_KEEPS_MS || idleMs < 5000)) {
    const why = "The collector keeps an idle connection for 72 s: a longer time here meets one that is being closed.";
    problems.push(doubtful(seen(idle), `${why} Use 60s.`));
  }
  const requests = inside("keepalive_requests");
  if (Number(requests?.args[0] ?? 1000) < 100)
    problems.push(doubtful(requests ? seen(requests) : seen(keepalive), text));
  return found(problems, seen(keepalive));
}

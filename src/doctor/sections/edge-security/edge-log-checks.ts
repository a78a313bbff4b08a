/** What nginx writes down of visitors: no whole address, no agent, no query; and enough to count refusals. */
import type { Check } from "../../check.ts";
import { inForce, placesOf, walk } from "../../nginx/edge-servers.ts";
import type { Directive } from "../../nginx/nginx-config.ts";
import { optionOf } from "../../nginx/nginx-units.ts";
import { type Outcome, simulate } from "../../nginx/simulate.ts";
import { evaluate, namesIn } from "../../nginx/variables.ts";
import {
  absent,
  doubtful,
  edgeCheck,
  eventCheck,
  failing,
  found,
  good,
  type Problem,
  seen,
  unseen,
} from "../edge/edge-check.ts";
import { askedAt, type EdgeView, EVENT_PATH, FORGED, isOurs, type WithEvent } from "../edge/edge-view.ts";
import { editLine } from "../edge/line-edit.ts";

const COMBINED =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';

/** What must not be in a line, by what it is. */
const CANARIES: readonly (readonly [string, string])[] = [
  ["the whole address", "192.0.2.77"],
  ["the whole address", "2001:db8:1:2:3:4:5:6"],
  ["the whole address", "203.0.113.66"],
  ["the user agent", FORGED["user-agent"] ?? ""],
  ["the referrer", "canary-referrer"],
  ["the query", "canary-query"],
  ["cookies", FORGED["cookie"] ?? ""],
  ["a path that a stranger made up", "canary-path"],
];
/** A path that tells who asks is the visitor's own doing; only the whole address and what describes a person fail. */
const LENIENT = "a path that a stranger made up";

function formatOf({ model }: EdgeView, log: Directive): { text: string; isJson: boolean; directive?: Directive } {
  const name = log.args[1] === undefined || /=/.test(log.args[1]) ? "combined" : log.args[1];
  const directive = model.http.findLast((one) => one.name === "log_format" && one.args[0] === name);
  if (directive === undefined) return { text: COMBINED, isJson: false };
  const isJson = optionOf(directive.args, "escape") === "json";
  const parts = directive.args.slice(1).filter((arg) => !/^escape=\w+$/.test(arg));
  return { text: parts.join(""), isJson, directive };
}

function lineOf(outcome: Outcome, text: string, more: Partial<Outcome["variables"]["asked"]>): string {
  const values = new Map<string, string>();
  return evaluate(text, { ...outcome.variables, values, asked: { ...outcome.variables.asked, ...more } });
}

/** Ways in that are logged: events, figures, a stranger's path, and what comes to no name of ours. */
function entries(view: EdgeView): readonly Outcome[] {
  const { model, ask, door } = view;
  const query = "token=canary-query";
  const strangers = placesOf(model).flatMap((place) =>
    ["stranger.invalid", door?.host ?? ""].map((host) =>
      simulate(model, askedAt({ ...place, host }, "/canary-path", { query })),
    ),
  );
  return [
    ask(EVENT_PATH, { method: "POST", query }),
    ...["/api/metrics/behavior", "/api/metrics/stream", "/passerby.js", "/canary-path"].map((path) =>
      ask(path, { query }),
    ),
    ...strangers,
  ].filter(({ kind, server }) => kind !== "nobody" && kind !== "handshake refused" && isOurs(server, view));
}

function judgeEntry(view: EdgeView, outcome: Outcome): readonly Problem[] {
  const logs = inForce(outcome.scopes, "access_log");
  if (logs.some(({ args }) => args[0] === "off")) return [];
  if (logs.length === 0) {
    const text =
      "Without access_log nginx writes whole addresses, agents and queries to its own log: give it a format without them, or `access_log off;`.";
    return [failing(absent("access_log (nginx's own: combined)", outcome.scopes.slice(0, 2)), text)];
  }
  return logs.flatMap((log) => judgeLog(view, outcome, log));
}

function judgeLog(view: EdgeView, outcome: Outcome, log: Directive): readonly Problem[] {
  const { text, directive } = formatOf(view, log);
  const lines = ["192.0.2.77", "2001:db8:1:2:3:4:5:6"].map((address) => lineOf(outcome, text, { address }));
  const told = CANARIES.filter(([, canary]) => lines.some((line) => line.includes(canary)));
  const what = [...new Set(told.map(([name]) => name))];
  const evidence = directive
    ? { ...seen(log), found: `${seen(log).found} with ${seen(directive).found.slice(0, 200)}` }
    : seen(log);
  if (what.length === 0) return [];
  const remedy = `The log holds ${what.join(", ")}: write $edge_client and $edge_path in their place (deploy/edge/passerby/access-log.conf).`;
  return [what.every((one) => one === LENIENT) ? doubtful(evidence, remedy) : failing(evidence, remedy)];
}

/** Every directive of a name in a server of ours, where requests may come that were not followed. */
function everywhere(view: EdgeView, name: string): readonly Directive[] {
  const blocks = view.model.servers.filter((server) => isOurs(server, view)).map(({ directive }) => directive);
  return [...walk(blocks)].filter((one) => one.name === name && one.args[0] !== "off" && one.args[0] !== "/dev/null");
}

/** Addresses in every way of writing them that a log shortens. */
const ADDRESSES = ["192.0.2.77", "2001:db8:1:2:3:4:5:6", "2001:db8:1::5", "2001:db8::7", "2001::9"];

/** Maps of the log whose source is this variable. */
function mapsFrom({ model }: EdgeView, format: string, source: string): readonly Directive[] {
  const used = namesIn(format).flatMap((name) => model.maps.get(name) ?? []);
  return used.filter(({ args }) => args[0] === source);
}

/** `192.0.2.0`, `192.0.2.x` and `192.0.2.0/24` of 192.0.2.77. */
function isNetworkOf(network: string, address: string): boolean {
  const head = network.replace(/(?:\.(?:0|x+|\*)|:+0?)*(?:\/\d+)?$/, "");
  return head !== "" && address.startsWith(head);
}

/** What is written of an address is a network, so that a flood from one can be seen. */
function judgeNetworks(view: WithEvent, format: string): readonly Problem[] {
  return mapsFrom(view, format, "$remote_addr").flatMap((map) => {
    const told = ADDRESSES.map((address) => ({ address, network: lineOf(view.event, map.args[1] ?? "", { address }) }));
    const wrong = told.filter(({ address, network }) => !isNetworkOf(network, address)).map(({ network }) => network);
    const [first] = wrong;
    if (first === undefined) return [];
    return [
      doubtful(
        { ...seen(map), found: `${seen(map).found} gives ${first || "(nothing)"}` },
        "The log cannot tell one network from another: let the map give the first 24 bits of IPv4 and 48 of IPv6.",
      ),
    ];
  });
}

const OWN_PATHS = [
  "/",
  EVENT_PATH,
  "/api/metrics/behavior",
  "/passerby.js",
  "/passerby-lite.js",
  "/passerby.0123456789abcdef.js",
  "/assets/index.js",
];

/** What is written of a path tells our own routes apart. */
function judgePaths(view: WithEvent, format: string): readonly Problem[] {
  const text = "Refusals of events cannot be told from others: write the path of our own routes.";
  const isRaw = namesIn(format).some((name) => ["uri", "request_uri", "request", "document_uri"].includes(name));
  const maps = namesIn(format)
    .flatMap((name) => view.model.maps.get(name) ?? [])
    .filter(({ args }) => ["$uri", "$request_uri"].includes(args[0] ?? ""));
  if (maps.length === 0) {
    const [log] = inForce(view.event.scopes, "access_log");
    return isRaw || log === undefined ? [] : [doubtful(seen(log), text)];
  }
  return maps.flatMap((map) => {
    const lost = OWN_PATHS.find((path) => {
      const told = evaluate(map.args[1] ?? "", { ...view.event.variables, path, values: new Map() });
      return told === "" || !path.startsWith(told);
    });
    return lost === undefined
      ? []
      : [doubtful({ ...seen(map), found: `${seen(map).found} does not tell ${lost}` }, text)];
  });
}

export const EDGE_LOG_CHECKS: readonly Check[] = [
  edgeCheck({
    id: "privacy.edge-access-log",
    line: "5.2",
    severity: "critical",
    asks: "The access log of nginx holds no whole address, user agent, referrer or query",
    how: "Works out what each way in would write for a request with known ones, by the access_log and log_format that are in force; nginx's own format writes all of them.",
    remedy: "Take over deploy/edge/passerby/access-log.conf and `access_log … edge;`, or `access_log off;`.",
    after: ["edge.servers-found", "edge.values-parse"],
    look: (view) => {
      const ways = entries(view);
      const [way] = ways;
      const problems = [
        ...ways.flatMap((outcome) => judgeEntry(view, outcome)),
        ...(way ? everywhere(view, "access_log").flatMap((log) => judgeLog(view, way, log)) : []),
      ];
      const unique = new Map(problems.map((one) => [one.evidence.where, one]));
      const [log] = view.event ? inForce(view.event.scopes, "access_log") : [];
      return found([...unique.values()], ...(log ? [seen(log)] : []));
    },
  }),
  edgeCheck({
    id: "privacy.edge-error-log",
    line: "5.2",
    severity: "high",
    asks: "The error log of nginx is silent about visitors",
    how: "Reads the level of the error_log that is in force for each way in: below alert nginx writes the client's whole address beside each message.",
    remedy: "Use `error_log /var/log/nginx/error.log alert;`, and count refusals from the access log.",
    after: ["edge.servers-found"],
    look: (view) => {
      const problems = entries(view).flatMap(({ scopes }): readonly Problem[] => {
        const logs = [...inForce(scopes, "error_log"), ...everywhere(view, "error_log")];
        const text = "nginx writes the whole address of clients at this level: use alert.";
        if (logs.length === 0)
          return [failing(absent("error_log (nginx's own: level error)", scopes.slice(0, 1)), text)];
        const loud = logs.filter(
          ({ args }) => args[0] !== "/dev/null" && !["alert", "emerg"].includes(args[1] ?? "error"),
        );
        return loud.map((one) => failing(seen(one), text, editLine(one, ` ${one.args[1]}`, " alert")));
      });
      const unique = new Map(problems.map((one) => [one.evidence.where, one]));
      return found([...unique.values()], ...inForce(view.model.outer, "error_log").map((one) => seen(one)));
    },
  }),
  eventCheck({
    id: "health.edge-log-counts",
    line: "7.4",
    severity: "medium",
    asks: "Refusals can be counted from the access log",
    how: "Works out the line of a 429 at /api/metrics/event: it has the status, and is JSON where the format says so.",
    remedy: "Write $status, or `access_log … edge;` with deploy/edge/passerby/access-log.conf.",
    after: ["privacy.edge-access-log"],
    look: (view) => {
      const [log] = inForce(view.event.scopes, "access_log");
      if (log === undefined) return unseen("nginx's own log is in use");
      const text = "429 cannot be seen by monitoring: write the status of events.";
      if (log.args[0] === "off") return found([doubtful(seen(log), text)]);
      const format = formatOf(view, log);
      const evidence = format.directive ? seen(format.directive) : seen(log);
      const lines = [429, 0].map((status) => lineOf(view.event, format.text, { status }));
      if (format.isJson && !lines.every(isJson)) {
        return found([
          doubtful(
            { ...evidence, found: lines.find((line) => !isJson(line)) ?? "" },
            "A line is not JSON: mend the format.",
          ),
        ]);
      }
      if (!lines[0]?.includes("429")) return found([doubtful(evidence, text)]);
      const problems = [...judgeNetworks(view, format.text), ...judgePaths(view, format.text)];
      if (problems.length > 0) return found(problems);
      return good(evidence);
    },
  }),
];

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

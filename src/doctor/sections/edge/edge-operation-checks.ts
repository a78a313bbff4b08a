/** How the edge is run: its health check, the ports that are published, the emergency brake. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Check } from "../../check.ts";
import { printInclude } from "../../edge-brake/brake-include.ts";
import type { Given } from "../../inputs.ts";
import { inForce, makeModel } from "../../nginx/edge-servers.ts";
import { type Include, whereOf } from "../../nginx/nginx-config.ts";
import { type Outcome, simulate } from "../../nginx/simulate.ts";
import {
  doubtful,
  type EventCheck,
  edgeCheck,
  eventCheck,
  failing,
  found,
  good,
  type Seen,
  seen,
  unseen,
} from "./edge-check.ts";
import { askedAt, type EdgeView, EVENT_PATH, type WithEvent } from "./edge-view.ts";

/** Asks nginx what the container's health check asks. */
async function judgeHealthCheck({ config, model }: EdgeView, given: Given): Promise<Seen> {
  const compose = await given.need("compose");
  const { service } = config;
  if (service === undefined) return unseen("the compose file has no service that runs nginx");
  const path = ["services", service.name, "healthcheck", "test"];
  const test = compose.valueAt(path);
  const words = Array.isArray(test) ? test.map(String).join(" ") : String(test ?? "");
  const url = URL.parse(/https?:\/\/[^\s"']+/.exec(words)?.[0] ?? "");
  if (url === null) return unseen("the service that runs nginx has no health check that asks it");
  const isTls = url.protocol === "https:";
  const at = { host: url.hostname, port: Number(url.port) || (isTls ? 443 : 80), isTls };
  const outcome = simulate(model, askedAt(at, url.pathname));
  const isFile =
    outcome.kind === "files" &&
    ["root", "alias", "try_files", "stub_status"].some((name) => inForce(outcome.scopes, name).length > 0);
  const isWell = outcome.kind === "proxy" || isFile || (outcome.kind === "return" && (outcome.status ?? 0) < 400);
  const by = outcome.by ? { where: whereOf(outcome.by) } : { where: compose.whereIs(path) };
  const what = `GET ${url.href}`;
  const got = outcome.kind === "return" ? String(outcome.status) : outcome.kind;
  if (outcome.kind !== "nobody" && outcome.kind !== "handshake refused" && isWell && outcome.locations.length > 0) {
    return good({ what, found: got, ...by });
  }
  return found([
    failing(
      { what, found: got, ...by },
      "The health check asks what nginx does not answer well: the container would be called unhealthy. Answer 204 there.",
    ),
  ]);
}

/** Ports inside the container that the compose file publishes. */
async function judgePorts({ config, model, event }: WithEvent, given: Given): Promise<Seen> {
  const compose = await given.need("compose");
  if (config.service === undefined) return unseen("the compose file has no service that runs nginx");
  const path = ["services", config.service.name, "ports"];
  const ports = compose.valueAt(path);
  const published = (Array.isArray(ports) ? ports : []).flatMap((entry: unknown) => {
    if (typeof entry === "object" && entry !== null) return [Number(Reflect.get(entry, "target"))];
    const [, inner] = /(\d+)(?:\/(?:tcp|udp))?$/.exec(String(entry)) ?? [];
    return inner === undefined ? [] : [Number(inner)];
  });
  if (published.length === 0) return unseen("the compose file publishes no port of nginx");
  const listening = new Set(model.servers.flatMap(({ listeners }) => listeners.map(({ port }) => port)));
  const silent = published.filter((port) => !listening.has(port));
  const own = event.server?.listeners ?? [];
  const where = compose.whereIs(path);
  const evidence = { what: "ports", found: published.join(", "), where };
  if (silent.length > 0)
    return found([failing(evidence, `nginx does not listen at ${silent.join(", ")}: nobody gets an answer there.`)]);
  if (own.some(({ port }) => published.includes(port))) return good(evidence);
  return found([
    failing(evidence, `Events are taken at ${own.map(({ port }) => port).join(", ")}, which is not published.`),
  ]);
}

/** An include in the location of events that matches no file until the brake is put there. */
function judgeBrake({ config, event }: WithEvent): Seen {
  const isWithin = ({ within }: Include): boolean =>
    within.some(
      ({ name, file, line }) =>
        name === "location" && event.locations.some((one) => one.file === file && one.line === line),
    );
  const isLever = ({ files }: Include): boolean => files.every((file) => basename(file).startsWith("brake"));
  const includes = config.includes.filter((include) => isWithin(include) && isLever(include));
  const tried = includes.flatMap((include) => brakesFor(include, config.path).map((brake) => ({ include, ...brake })));
  const text =
    "There is no lever for an emergency: put `include passerby/on/brake*.conf;` into the location of events, with deploy/edge/passerby/available/brake.conf beside.";
  const [first] = tried;
  if (first === undefined) {
    const location = event.locations.at(-1);
    const [lost] = includes;
    const evidence = lost ? seen(lost.directive) : location ? seen(location) : { what: "location", found: "(none)" };
    return found([doubtful(evidence, text)]);
  }
  const { asked } = event.variables;
  const follow = (brake: string): Readonly<Record<"post" | "options", Outcome>> => {
    const model = makeModel(config.withFiles(new Map([[first.place, { text: brake, owner: first.brake }]])));
    const ask = (method: string): Outcome => simulate(model, { ...asked, method, path: EVENT_PATH, nowMs: NOW_MS });
    return { post: ask("POST"), options: ask("OPTIONS") };
  };
  const isRefused = (outcome: Outcome): boolean => outcome.kind === "return" && outcome.status === 503;
  const { post, options } = follow(readFileSync(first.brake, "utf8"));
  const told = `${post.kind} ${post.status ?? ""}`.trim();
  const evidence = { what: "POST with the brake on", found: told, where: first.brake };
  if (!isRefused(post)) {
    const why = "The brake does not hold: let it answer POST with 503, after which trackers keep their events.";
    return found([failing(evidence, why)]);
  }
  if (options.kind !== "proxy") {
    const why = "Let the preflight pass: without it a page cannot read the 503 and its Retry-After.";
    return found([doubtful({ ...evidence, what: "OPTIONS with the brake on" }, why)]);
  }
  const during = follow(brakeUntil(NOW_MS + HOUR_MS));
  const after = follow(brakeUntil(NOW_MS - HOUR_MS));
  const isTimed = isRefused(during.post) && during.options.kind === "proxy" && after.post.kind === "proxy";
  if (isTimed) return good(seen(first.include.directive), evidence);
  const why =
    "passerby brake on --edge, which ends by itself, needs the map of $edge_posted_at: take it over from deploy/edge/passerby/maps.conf.";
  return found([
    doubtful({ ...seen(first.include.directive), found: "a brake with an end does not hold or does not end" }, why),
  ]);
}

const HOUR_MS = 3_600_000;
/** Any time will do. */
const NOW_MS = Date.UTC(2026, 0, 31, 12, 34, 56);

/** As `passerby brake on --edge` writes it. */
function brakeUntil(endMs: number): string {
  const who = { uid: 0, user: "doctor", pid: 0 };
  return printInclude({ at: new Date(NOW_MS).toISOString(), who, why: null, until: new Date(endMs).toISOString() });
}

/** Files that lie ready to be put where the include looks, each with its place there. */
function brakesFor(
  { directive }: Include,
  main: string,
): readonly { readonly brake: string; readonly place: string }[] {
  const pattern = directive.args[0] ?? "";
  const folder = join(dirname(main), dirname(pattern));
  const ready = ["available", "../available"].map((name) => join(folder, name)).filter((path) => existsSync(path));
  return ready
    .flatMap((path) => globSync(basename(pattern), { cwd: path }).map((name) => join(path, name)))
    .map((brake) => ({ brake, place: join(folder, basename(brake)) }));
}

const CHECKS_OF_EVENTS: readonly EventCheck[] = [
  {
    id: "edge.ports-published",
    line: "3.2",
    severity: "critical",
    asks: "nginx listens at the ports that the compose file publishes",
    how: "Compares listen with ports of the service that runs nginx.",
    remedy: "Publish 80:80 and 443:443, and listen at both.",
    needs: ["compose"],
    look: judgePorts,
  },
  {
    id: "rollback.edge-brake",
    line: "10.3",
    severity: "medium",
    asks: "The edge can refuse all events by one file and a reload",
    how: "Looks in the location of events for an include that matches no file yet, puts the brake that lies ready there in thought, and follows a POST and a preflight.",
    remedy:
      "Put `include passerby/on/brake*.conf;` into the location, and deploy/edge/passerby/available/brake.conf beside it.",
    after: ["edge.event-methods"],
    look: judgeBrake,
  },
];

export const EDGE_OPERATION_CHECKS: readonly Check[] = [
  edgeCheck({
    id: "health.edge-answers",
    line: "7.3",
    severity: "high",
    asks: "The container's health check of nginx is answered well",
    how: "Takes the address out of the health check of the service that runs nginx and follows it through the configuration.",
    remedy: "Add a location that answers 204 to the default server for HTTP.",
    needs: ["compose"],
    after: ["edge.servers-found"],
    look: judgeHealthCheck,
  }),
  ...CHECKS_OF_EVENTS.map(eventCheck),
];

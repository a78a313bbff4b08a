/** How the edge is run: its health check, the ports that are published, the emergency brake, the cache of scripts. */
import { existsSync, globSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Check } from "../../check.ts";
import type { Given } from "../../inputs.ts";
import { argsInForce, inForce, makeModel } from "../../nginx/edge-servers.ts";
import { type Include, whereOf } from "../../nginx/nginx-config.ts";
import { optionOf, parseSize, parseTimeMs } from "../../nginx/nginx-units.ts";
import { type Outcome, simulate } from "../../nginx/simulate.ts";
import { evaluate } from "../../nginx/variables.ts";
import {
  absent,
  doubtful,
  type EventCheck,
  edgeCheck,
  eventCheck,
  failing,
  found,
  good,
  type Problem,
  type Seen,
  seen,
  unseen,
} from "./edge-check.ts";
import { askedAt, type EdgeView, EVENT_PATH } from "./edge-view.ts";

type WithEvent = EdgeView & { readonly event: Outcome };

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
  const includes = config.includes.filter((include) => isWithin(include) && include.files.length === 0);
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
  const braked = makeModel(config.withFiles(new Map([[first.place, first.brake]])));
  const post = simulate(braked, { ...event.variables.asked, method: "POST", path: EVENT_PATH });
  const preflight = simulate(braked, { ...event.variables.asked, method: "OPTIONS", path: EVENT_PATH });
  const evidence = {
    what: "POST with the brake on",
    found: `${post.kind} ${post.status ?? ""}`.trim(),
    where: first.brake,
  };
  if (post.kind !== "return" || post.status !== 503) {
    return found([
      failing(
        evidence,
        "The brake does not hold: let it answer POST with 503, after which trackers keep their events.",
      ),
    ]);
  }
  if (preflight.kind === "proxy") return good(seen(first.include.directive), evidence);
  return found([
    doubtful(
      { ...evidence, what: "OPTIONS with the brake on" },
      "Let the preflight pass: without it a page cannot read the 503 and its Retry-After.",
    ),
  ]);
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

const SCRIPTS = ["/passerby.js", "/passerby.0123456789abcdef.js"] as const;
const LONGEST_MS = 5 * 60_000;
const HOUR_MS = 3_600_000;
const MIB = 1024 ** 2;

/** The dashboard's files are large, and the collector sends them as they are. */
function judgePacked({ ask }: WithEvent): Seen {
  const { scopes } = ask("/assets/index.js");
  const problems: Problem[] = [];
  const at = (name: string): readonly string[] => argsInForce(scopes, name) ?? [];
  const tell = (name: string, text: string): void => {
    const directive = inForce(scopes, name).at(-1);
    problems.push(doubtful(directive ? seen(directive) : absent(name, scopes), text));
  };
  if (at("gzip")[0] !== "on") {
    tell("gzip", "The dashboard's scripts travel as they are: put `gzip on;` into a location /assets/.");
    return found(problems);
  }
  if (!at("gzip_proxied").includes("any"))
    tell("gzip_proxied", "Requests through a proxy get them unpacked: `gzip_proxied any;`.");
  if (at("gzip_vary")[0] !== "on") tell("gzip_vary", "A cache on the way may mix both: `gzip_vary on;`.");
  const types = at("gzip_types");
  const lost = ["text/javascript", "text/css"].filter((type) => !types.includes(type) && !types.includes("*"));
  if (lost.length > 0) tell("gzip_types", `Name ${lost.join(" and ")} in gzip_types.`);
  return found(problems, ...inForce(scopes, "gzip").map((one) => seen(one)));
}

function judgeScripts(view: WithEvent): Seen {
  const { model, ask } = view;
  const declared = model.http.filter(({ name }) => name === "proxy_cache_path");
  const problems: Problem[] = [];
  for (const path of SCRIPTS) {
    const outcome = ask(path);
    const [cache] = inForce(outcome.scopes, "proxy_cache");
    const isCached = cache !== undefined && cache.args[0] !== "off";
    if (!isCached) {
      for (const one of declared)
        problems.push(
          doubtful(
            seen(one),
            `${path} does not use the cache that is set up: scripts are gone while the collector is down.`,
          ),
        );
      continue;
    }
    problems.push(...judgeVariants(view, path), ...judgeAge(outcome, path === SCRIPTS[0]));
    const stale = inForce(outcome.scopes, "proxy_cache_use_stale").flatMap(({ args }) => args);
    if (!stale.includes("error") || !stale.includes("timeout")) {
      problems.push(
        doubtful(
          { ...seen(cache), found: `proxy_cache_use_stale ${stale.join(" ") || "(none)"}` },
          "Let a script be sent from the cache while the collector is down: `proxy_cache_use_stale error timeout updating;`.",
        ),
      );
    }
  }
  for (const path of ["/api/metrics/behavior", EVENT_PATH, "/"]) {
    const [cache] = inForce(ask(path).scopes, "proxy_cache");
    if (cache && cache.args[0] !== "off")
      problems.push(failing(seen(cache), `${path} is about visitors and must not be cached.`));
  }
  for (const one of declared) {
    const inactiveMs = parseTimeMs(optionOf(one.args, "inactive") ?? "10m") ?? 0;
    const bytes = parseSize(optionOf(one.args, "max_size") ?? "") ?? Number.POSITIVE_INFINITY;
    if (inactiveMs < HOUR_MS)
      problems.push(
        doubtful(
          seen(one),
          "A script that is not asked for is thrown away so soon, and is gone while the collector is down: use inactive=7d.",
        ),
      );
    if (bytes < MIB || bytes > 1024 * MIB)
      problems.push(doubtful(seen(one), "Scripts of some builds take a few MiB: use max_size=16m."));
  }
  const unique = new Map(problems.map((one) => [`${one.evidence.where} ${one.text}`, one]));
  return found([...unique.values()], ...declared.map((one) => seen(one)));
}

/** Where nginx no longer heeds Vary, the key has to tell apart what the collector is asked for. */
function judgeVariants({ ask }: WithEvent, path: string): readonly Problem[] {
  const variants = ["br", "gzip", "identity", "gzip;q=0"].map((coding) => {
    const { scopes, variables } = ask(path, { headers: { "accept-encoding": coding } });
    const [key] = inForce(scopes, "proxy_cache_key");
    const isVaryHeeded = !inForce(scopes, "proxy_ignore_headers").some(({ args }) => args.includes("Vary"));
    const sent = inForce(scopes, "proxy_set_header").findLast(
      ({ args }) => args[0]?.toLowerCase() === "accept-encoding",
    );
    const values = (): typeof variables => ({ ...variables, values: new Map(variables.values) });
    return {
      key,
      isVaryHeeded,
      sent: sent ? evaluate(sent.args[1] ?? "", values()) : coding,
      cached: evaluate(key?.args[0] ?? "$scheme$proxy_host$request_uri", values()),
    };
  });
  const [first] = variants;
  if (first === undefined || first.isVaryHeeded) return [];
  const isMixed = variants.some((a) => variants.some((b) => a.cached === b.cached && a.sent !== b.sent));
  const evidence = first.key ? seen(first.key) : { what: "proxy_cache_key", found: "(none)" };
  if (isMixed)
    return [
      failing(
        evidence,
        `${path} is sent packed to browsers that did not ask for it: put the coding into proxy_cache_key, or heed Vary.`,
      ),
    ];
  const isPacked =
    variants[0]?.sent === "br" &&
    variants[1]?.sent === "gzip" &&
    variants.slice(2).every(({ sent }) => ["", "identity"].includes(sent));
  return isPacked
    ? []
    : [
        doubtful(
          { ...evidence, found: variants.map(({ sent }) => sent || "(none)").join(", ") },
          `The collector is asked for codings of ${path} that the browser did not name.`,
        ),
      ];
}

/** At its plain name a script changes with every update. */
function judgeAge({ scopes }: Outcome, isPlain: boolean): readonly Problem[] {
  const ignored = inForce(scopes, "proxy_ignore_headers").flatMap(({ args }) => args);
  const valid = inForce(scopes, "proxy_cache_valid").find(
    ({ args }) => args.length === 1 || args.includes("200") || args.includes("any"),
  );
  const ageMs = parseTimeMs(valid?.args.at(-1) ?? "0s") ?? 0;
  const isOwnAge = valid !== undefined && ignored.includes("Cache-Control");
  if (isPlain && isOwnAge && ageMs > LONGEST_MS)
    return [doubtful(seen(valid), "An update of the tracker is held up for so long: use 1m.")];
  if (ignored.includes("Cache-Control") && (valid === undefined || ageMs === 0)) {
    const [directive] = inForce(scopes, "proxy_ignore_headers");
    return directive
      ? [
          doubtful(
            valid ? seen(valid) : seen(directive),
            "With Cache-Control ignored nothing is cached: add `proxy_cache_valid 200 1m;`.",
          ),
        ]
      : [];
  }
  return [];
}

const CHECKS_OF_EVENTS: readonly EventCheck[] = [
  {
    id: "edge.ports-published",
    line: "3.2",
    severity: "critical",
    asks: "nginx listens at the ports that the compose file publishes",
    how: "Compares listen with ports of the service that runs nginx.",
    remedy: "Publish 80:80 and 443:443, and listen at both.",
    may: ["compose"],
    look: judgePorts,
  },
  {
    id: "edge.scripts-cached",
    line: "3.2",
    severity: "medium",
    asks: "A cache for the tracker's scripts is used, tells codings apart, and holds no update up",
    how: "Works out proxy_cache, its key for several codings, its time and its use of stale answers for /passerby.js and a script with a hash, where proxy_cache_path sets a cache up.",
    remedy: "Take over the two locations for scripts from deploy/edge/templates/passerby.conf.template.",
    after: ["edge.values-parse", "edge.event-methods"],
    look: judgeScripts,
  },
  {
    id: "edge.assets-packed",
    line: "3.2",
    severity: "low",
    asks: "The dashboard's files are sent packed",
    how: "Reads gzip, gzip_types, gzip_proxied and gzip_vary where /assets/ is passed on.",
    remedy: "Take over the location /assets/ from deploy/edge/templates/passerby.conf.template.",
    after: ["edge.event-methods"],
    look: judgePacked,
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
  {
    ...edgeCheck({
      id: "health.edge-answers",
      line: "7.3",
      severity: "high",
      asks: "The container's health check of nginx is answered well",
      how: "Takes the address out of the health check of the service that runs nginx and follows it through the configuration.",
      remedy: "Add a location that answers 204 to the default server for HTTP.",
      after: ["edge.servers-found"],
      look: judgeHealthCheck,
    }),
    needs: ["nginx", "compose"],
  },
  ...CHECKS_OF_EVENTS.map(eventCheck),
];

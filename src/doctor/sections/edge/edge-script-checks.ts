/** How the tracker's scripts and the dashboard's files are sent: cached, packed, and never an old one for long. */
import type { Check } from "../../check.ts";
import { argsInForce, inForce } from "../../nginx/edge-servers.ts";
import { optionOf, parseSize, parseTimeMs } from "../../nginx/nginx-units.ts";
import type { Outcome } from "../../nginx/simulate.ts";
import { evaluate } from "../../nginx/variables.ts";
import {
  absent,
  doubtful,
  type EventCheck,
  eventCheck,
  failing,
  found,
  type Problem,
  type Seen,
  seen,
  unseen,
} from "./edge-check.ts";
import { EVENT_PATH, isCollectors, type WithEvent } from "./edge-view.ts";

const SCRIPTS = ["/passerby.js", "/passerby.0123456789abcdef.js"] as const;
const LONGEST_MS = 5 * 60_000;
const HOUR_MS = 3_600_000;
const MIB = 1024 ** 2;

/** The dashboard's files are large, and the collector sends them as they are. */
function judgePacked({ ask, event }: WithEvent): Seen {
  const assets = ask("/assets/index.js");
  if (!isCollectors(assets, event)) return unseen("the dashboard is not served here");
  const { scopes } = assets;
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
    const outcome = ask(path);
    const [cache] = isCollectors(outcome, view.event) ? inForce(outcome.scopes, "proxy_cache") : [];
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

const CHECKS_OF_SCRIPTS: readonly EventCheck[] = [
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
];

export const EDGE_SCRIPT_CHECKS: readonly Check[] = CHECKS_OF_SCRIPTS.map(eventCheck);

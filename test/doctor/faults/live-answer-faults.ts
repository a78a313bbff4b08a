/** Faults of what the collector answers, and of what its edge makes of it for pages, each in one place. */
import type { PassingAnswer } from "../live/answer-gate.ts";
import type { LiveFault } from "../live/live-deployment.ts";

const EVENT = "/api/metrics/event";
const TEMPLATE = "conf.d/passerby.conf";
const ERROR_HEADERS = "passerby/error-headers.conf";

type Change = (answer: PassingAnswer) => void;

/** A change of the answers to one path, and to one method where it is given. */
function at(path: string, change: Change, method?: string): Change {
  return (answer) => {
    if (answer.path.split("?")[0] === path && (method ?? answer.method) === answer.method) change(answer);
  };
}

/** A change of what a JSON answer has. */
function json(change: (value: Record<string, unknown>) => unknown): Change {
  return (answer) => {
    answer.body = Buffer.from(JSON.stringify(change(JSON.parse(answer.body.toString()))));
  };
}

export const PREFLIGHT_FAULTS: readonly LiveFault[] = [
  {
    name: "the preflight has no Access-Control-Allow-Origin",
    change: { answer: at(EVENT, ({ headers }) => headers.delete("access-control-allow-origin"), "OPTIONS") },
    finds: "cors.preflight",
    names: /Access-Control-Allow-Origin \(none\) OPTIONS/,
  },
  {
    name: "the preflight has two Access-Control-Allow-Origin",
    change: { answer: at(EVENT, ({ headers }) => headers.get("access-control-allow-origin")?.push("*"), "OPTIONS") },
    finds: "cors.preflight",
    names: /https:\/\/example\.com \| \*/,
  },
  {
    name: "the preflight does not allow Content-Type",
    change: {
      answer: at(EVENT, ({ headers }) => headers.set("access-control-allow-headers", ["Authorization"]), "OPTIONS"),
    },
    finds: "cors.preflight",
    names: /Access-Control-Allow-Headers Authorization/,
  },
  {
    name: "the preflight allows GET only",
    isMore: true,
    change: { answer: at(EVENT, ({ headers }) => headers.set("access-control-allow-methods", ["GET"]), "OPTIONS") },
    finds: "cors.preflight",
    names: /Access-Control-Allow-Methods GET/,
  },
  {
    name: "the preflight may not be remembered",
    isMore: true,
    change: { answer: at(EVENT, ({ headers }) => headers.delete("access-control-max-age"), "OPTIONS") },
    finds: "cors.preflight",
    names: /Access-Control-Max-Age \(none\)/,
  },
  {
    name: "the preflight does not say that it varies by origin",
    isMore: true,
    change: { answer: at(EVENT, ({ headers }) => headers.delete("vary"), "OPTIONS") },
    finds: "cors.preflight",
    names: /Vary \(none\)/,
  },
  {
    name: "the edge takes no OPTIONS",
    change: { edge: (patch) => patch(TEMPLATE, "(?:POST|OPTIONS)", "(?:POST)") },
    finds: "cors.preflight",
    names: /status 405/,
  },
  {
    name: "the collector repeats whatever origin asks",
    change: {
      answer: at(
        EVENT,
        ({ headers, asked }) => headers.set("access-control-allow-origin", [`${asked["origin"]}`]),
        "OPTIONS",
      ),
    },
    finds: "cors.foreign-origin",
    names: /https:\/\/passerby-doctor\.invalid/,
  },
  {
    name: "the edge repeats whatever origin asks in its own errors",
    change: {
      edge: (patch) => patch(TEMPLATE, /(http_origin \$edge_allowed_origin \{\s+default )""/, "$1$http_origin"),
    },
    finds: "cors.foreign-origin",
    names: /https:\/\/passerby-doctor\.invalid GET .* → 405/,
  },
  {
    name: "credentials are allowed",
    change: {
      answer: at(EVENT, ({ headers }) => headers.set("access-control-allow-credentials", ["true"]), "OPTIONS"),
    },
    finds: "cors.no-credentials",
    names: /Access-Control-Allow-Credentials true/,
  },
  {
    name: "errors of the edge have no Access-Control-Allow-Origin",
    change: { edge: (patch) => patch(ERROR_HEADERS, /add_header Access-Control-Allow-Origin.*\n/, "") },
    finds: "cors.errors-readable",
    names: /\(none\) GET \S+\/event → 405; .*\(none\) POST .*65537 bytes\) → 413/,
  },
  {
    name: "the edge answers 413 in its own words",
    change: { edge: (patch) => patch("passerby/errors.conf", /error_page 413.*\n/, "") },
    finds: "cors.errors-readable",
    names: /65537 bytes\) → 413/,
  },
  {
    name: "errors hide Retry-After from pages",
    isMore: true,
    change: { edge: (patch) => patch(ERROR_HEADERS, /add_header Access-Control-Expose-Headers.*\n/, "") },
    finds: "cors.errors-readable",
    names: /Access-Control-Expose-Headers \(none\)/,
  },
  {
    name: "an unknown path is answered without Access-Control-Allow-Origin",
    isMore: true,
    change: { answer: at("/api/metrics/nothing", ({ headers }) => headers.delete("access-control-allow-origin")) },
    finds: "cors.errors-readable",
    names: /nothing → 404/,
  },
];

export const HEALTH_FAULTS: readonly LiveFault[] = [
  {
    name: "somebody else answers at the address of health",
    change: { answer: at("/api/metrics/health", (answer) => (answer.body = Buffer.from("<html>hello</html>"))) },
    finds: "health.answers-as-agreed",
    names: /status \(none\).*ring_size \(none\)/,
  },
  {
    name: "the log cannot take events",
    change: {
      answer: at("/api/metrics/health", (answer) => {
        answer.status = 503;
        json((health) => ({ ...health, status: "degraded", reasons: ["the disk is full"] }))(answer);
      }),
    },
    finds: "health.is-healthy",
    names: /reason the disk is full/,
  },
  {
    name: "there is no log",
    isMore: true,
    change: {
      answer: at(
        "/api/metrics/health",
        json((health) => ({ ...health, file_exists: false })),
      ),
    },
    finds: "health.is-healthy",
    names: /file_exists false/,
  },
  {
    name: "the collector does not believe the edge",
    change: { settings: { TRUSTED_PROXIES: "192.0.2.1" } },
    finds: "health.proxy-trusted",
    names: /bore X-Forwarded-For from a proxy that TRUSTED_PROXIES does not name/,
  },
  {
    name: "the rotator is late",
    change: {
      answer: at(
        "/api/metrics/health",
        json((health) => ({
          ...health,
          warnings: ["the rotator last succeeded 4000 s ago and should every 300 s: look whether it runs"],
        })),
      ),
    },
    finds: "health.no-warnings",
    names: /the rotator last succeeded 4000 s ago/,
  },
  {
    name: "the snapshot is a page of somebody else",
    isMore: true,
    change: { answer: at("/api/metrics/behavior", (answer) => (answer.body = Buffer.from("<html></html>"))) },
    finds: "health.snapshot-answers",
    names: /fields \(no JSON\)/,
  },
  {
    name: "the snapshot shows visitors to everybody",
    change: { settings: { SNAPSHOT_ACCESS: "full" } },
    finds: "health.snapshot-redacted",
    names: /shows .*visitor_id/,
  },
  {
    name: "the key is of another collector",
    change: { key: `passerby_read_${"a".repeat(43)}` },
    finds: "health.key-accepted",
    names: /status 40[13] GET \S+\/behavior\?limit=1 with the key/,
  },
  {
    name: "the snapshot ignores its limit",
    change: {
      answer: at(
        "/api/metrics/behavior",
        json((snapshot) => ({ ...snapshot, last_events: [{ event: "a" }, { event: "b" }] })),
      ),
    },
    finds: "health.snapshot-limit",
    names: /last_events 2/,
  },
];

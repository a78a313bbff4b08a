/** Faults of the edge and of the collector's answers, each in one place. */
import type { PassingAnswer } from "../live/answer-gate.ts";
import type { LiveFault } from "../live/live-deployment.ts";

const EVENT = "/api/metrics/event";
const TEMPLATE = "conf.d/passerby.conf";
const HEADERS = "passerby/headers.conf";
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

export const HEADER_FAULTS: readonly LiveFault[] = [
  {
    name: "a cache may keep errors of the edge",
    isMore: true,
    change: { edge: (patch) => patch(ERROR_HEADERS, /add_header Cache-Control.*\n/, "") },
    finds: "edge.errors-uncached",
    names: /Cache-Control \(none\) GET \S+\/event → 405/,
  },
  {
    name: "a 405 of the edge does not say what is taken",
    isMore: true,
    change: { edge: (patch) => patch(ERROR_HEADERS, /add_header Allow.*\n/, "") },
    finds: "edge.wrong-method-allow",
    names: /Allow \(none\)/,
  },
  {
    name: "X-Frame-Options is missing everywhere, and so is frame-ancestors",
    change: {
      edge: (patch) => {
        patch(HEADERS, /add_header X-Frame-Options.*\n/, "");
        patch("passerby/maps.conf", "; frame-ancestors 'none'", "");
      },
    },
    finds: "security.required-headers",
    names: /X-Frame-Options \(none\) GET \S+\/health → 200/,
  },
  {
    name: "X-Content-Type-Options is missing in errors of the edge",
    change: { edge: (patch) => patch(HEADERS, "$edge_content_type_options always", "$edge_content_type_options") },
    finds: "security.required-headers",
    names: /X-Content-Type-Options \(none\) GET \S+\/event → 405/,
  },
  {
    name: "a location has an add_header of its own and loses all others",
    change: { edge: (patch) => patch(TEMPLATE, "limit_req zone", "add_header X-Edge 1;\n        limit_req zone") },
    finds: "security.required-headers",
    names: /X-Frame-Options \(none\) OPTIONS \S+\/event → 204/,
  },
  {
    name: "X-Frame-Options comes twice",
    isMore: true,
    change: {
      edge: (patch) =>
        patch(HEADERS, /(add_header X-Frame-Options.*\n)/, "$1add_header X-Frame-Options SAMEORIGIN always;\n"),
    },
    finds: "security.required-headers",
    names: /DENY \| SAMEORIGIN/,
  },
  {
    name: "Referrer-Policy is missing",
    change: { edge: (patch) => patch(HEADERS, /add_header Referrer-Policy.*\n/, "") },
    finds: "security.advised-headers",
    names: /Referrer-Policy \(none\)/,
  },
  {
    name: "Permissions-Policy is missing",
    isMore: true,
    change: { edge: (patch) => patch(HEADERS, /add_header Permissions-Policy.*\n/, "") },
    finds: "security.advised-headers",
    names: /Permissions-Policy \(none\)/,
  },
  {
    name: "HSTS ends after a day",
    change: { edge: (patch) => patch("passerby/maps.conf", "max-age=63072000", "max-age=86400") },
    finds: "security.hsts",
    names: /max-age=86400/,
  },
  {
    name: "HSTS is missing in errors",
    isMore: true,
    change: { edge: (patch) => patch(HEADERS, "$edge_hsts always", "$edge_hsts") },
    finds: "security.hsts",
    names: /\(none\) GET \S+\/nothing → 404/,
  },
  {
    name: "the old filter for scripts is turned on",
    change: { edge: (patch) => patch(HEADERS, "X-XSS-Protection 0", "X-XSS-Protection 1") },
    finds: "security.xss-filter-off",
    names: /X-XSS-Protection 1 GET/,
  },
  {
    name: "nginx tells its version",
    change: { edge: (patch) => patch("passerby/limits.conf", "server_tokens off;", "server_tokens on;") },
    finds: "security.version-untold",
    names: /Server nginx\/\d/,
  },
  {
    name: "HTTP/2 is not offered",
    change: { edge: (patch) => patch(TEMPLATE, " ssl http2", " ssl") },
    finds: "security.http2",
    names: /ALPN http\/1\.1/,
  },
];

export const TLS_FAULTS: readonly LiveFault[] = [
  {
    name: "the certificate has ended",
    change: { certificate: { hasEnded: true } },
    finds: "security.certificate-trusted",
    names: /CERT_HAS_EXPIRED .* 2020-01-01 to 2020-04-01/,
  },
  {
    name: "the certificate is for another name",
    change: { certificate: { names: ["other.example"] } },
    finds: "security.certificate-trusted",
    names: /ERR_TLS_CERT_ALTNAME_INVALID .*names other\.example/,
  },
  {
    name: "nobody trusts the certificate",
    isMore: true,
    change: { certificate: { isTrusted: false } },
    finds: "security.certificate-trusted",
    names: /SELF_SIGNED_CERT/,
  },
  {
    name: "the certificate ends in five days",
    change: { certificate: { days: 5 } },
    finds: "security.certificate-lasts",
    names: /days left [45],/,
  },
  {
    name: "TLS 1.1 is spoken",
    change: {
      edge: (patch) => {
        patch("passerby/tls.conf", "ssl_protocols TLSv1.2", "ssl_protocols TLSv1.1 TLSv1.2");
        // Debian's OpenSSL would refuse it whatever nginx says.
        patch("passerby/tls.conf", /ssl_ciphers .*;/, "ssl_ciphers ALL:@SECLEVEL=0;");
      },
    },
    finds: "security.tls-versions",
    names: /TLSv1\.1 offered/,
  },
  {
    name: "TLS 1.3 is not spoken",
    isMore: true,
    change: { edge: (patch) => patch("passerby/tls.conf", "TLSv1.2 TLSv1.3", "TLSv1.2") },
    finds: "security.tls-versions",
    names: /TLSv1\.3 refused/,
  },
  {
    name: "plain HTTP is passed on to the collector",
    change: {
      edge: (patch) =>
        patch(
          TEMPLATE,
          /return 308 .*;/,
          "proxy_set_header X-Forwarded-For $remote_addr; proxy_pass http://collector;",
        ),
    },
    finds: "security.http-redirects",
    names: /status 200 GET http:/,
  },
  {
    name: "plain HTTP is redirected for a while only",
    isMore: true,
    change: { edge: (patch) => patch(TEMPLATE, "return 308", "return 302") },
    finds: "security.http-redirects",
    names: /status 302/,
  },
  {
    name: "nobody answers plain HTTP",
    isMore: true,
    change: { edge: (patch) => patch(TEMPLATE, /return 308 .*;/, "return 444;") },
    finds: "security.http-redirects",
    names: /gives no answer/,
  },
  {
    name: "the collector is reached without TLS",
    change: { isPlain: true },
    finds: "security.encrypted",
    names: /address http:/,
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

export const LOAD_FAULTS: readonly LiveFault[] = [
  {
    name: "nothing limits the rate",
    change: { hasLoad: true, edge: (patch) => patch(TEMPLATE, "limit_req zone=metrics_zone burst=10 nodelay;", "") },
    finds: "edge.rate-limit-holds",
    names: /400 40 answers/,
  },
  // The others wait until the limit has forgotten the burst.
  {
    name: "the limit answers 503",
    isMore: true,
    change: {
      hasLoad: true,
      edge: (patch) => patch("passerby/limits.conf", "limit_req_status 429", "limit_req_status 503"),
    },
    finds: "edge.rate-limit-holds",
    names: /503 \d+ answers/,
  },
  {
    name: "the limit does not say when to try again",
    isMore: true,
    change: { hasLoad: true, edge: (patch) => patch(ERROR_HEADERS, /add_header Retry-After.*\n/, "") },
    finds: "after-deployment.refusals-say-when",
    names: /Retry-After \(none\)/,
  },
  {
    name: "the limit answers in the words of nginx",
    isMore: true,
    change: { hasLoad: true, edge: (patch) => patch("passerby/errors.conf", /error_page 429.*\n/, "") },
    finds: "after-deployment.refusals-say-when",
    names: /body <html>/,
  },
];

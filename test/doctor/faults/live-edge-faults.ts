/** Faults of the edge: its headers, its TLS and its rate limit, each in one place. */
import type { LiveFault } from "../live/live-deployment.ts";

const TEMPLATE = "conf.d/passerby.conf";
const HEADERS = "passerby/headers.conf";
const ERROR_HEADERS = "passerby/error-headers.conf";

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
    change: { edge: (patch) => patch(TEMPLATE, / http2(?=[ ;])(?! on)| {4}http2 on;/g, "") },
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

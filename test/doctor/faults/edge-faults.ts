/** Edges that are broken in one way each, and the one check that must say so. */
import { readFileSync } from "node:fs";
import { printInclude } from "../../../src/doctor/edge-brake/brake-include.ts";
import type { Deployment, Fault } from "../good-deployment.ts";

const NGINX = "deploy/edge/nginx.conf";
const TEMPLATE = "deploy/edge/templates/passerby.conf.template";
const passerby = (name: string): string => `deploy/edge/passerby/${name}.conf`;
const LIMITS = passerby("limits");
const PROXY = passerby("proxy");

/** A fault that is one replaced text: `[name, file, from, to, check, evidence]`. */
type Row = readonly [string, string, string | RegExp, string, string, RegExp];

const ROWS: readonly Row[] = [
  // 3.1
  ["the rate is one an hour", LIMITS, "rate=5r/s", "rate=1r/h", "edge.values-parse", /rate=1r\/h.*limits\.conf:4/],
  ["the rate is one a minute", LIMITS, "rate=5r/s", "rate=1r/m", "edge.rate", /rate=1r\/m/],
  ["the rate limits nobody", LIMITS, "rate=5r/s", "rate=500r/s", "edge.rate", /rate=500r\/s/],
  [
    "the key of the zone is a header",
    LIMITS,
    "limit_req_zone $binary_remote_addr",
    "limit_req_zone $http_x_forwarded_for",
    "edge.rate-limit-key",
    /\$http_x_forwarded_for.*limits\.conf:4/,
  ],
  [
    "the key of the zone is the server",
    LIMITS,
    "limit_req_zone $binary_remote_addr",
    "limit_req_zone $server_name",
    "edge.rate-limit-key",
    /\$server_name/,
  ],
  [
    "the key of the zone is empty",
    LIMITS,
    "limit_req_zone $binary_remote_addr",
    'map $request_method $edge_key { default ""; }\nlimit_req_zone $edge_key',
    "edge.rate-limit-key",
    /\$edge_key/,
  ],
  [
    "the zone has no room",
    LIMITS,
    "metrics_zone:10m",
    "metrics_zone:64k",
    "edge.rate-limit-zone-size",
    /metrics_zone:64k/,
  ],
  ["refusals are 503", LIMITS, "limit_req_status 429;\n", "", "edge.rate-limit-status", /limit_req_status \(none\)/],
  [
    "limit_req names a zone that there is not",
    TEMPLATE,
    "zone=metrics_zone burst",
    "zone=metric_zone burst",
    "edge.values-parse",
    /zone=metric_zone.*passerby\.conf\.template:\d+/,
  ],
  [
    "the include of the servers matches nothing",
    NGINX,
    "conf.d/passerby*.conf",
    "conf.d/passer-by*.conf",
    "edge.servers-found",
    /conf\.d\/passer-by\*\.conf;.*nginx\.conf:29/,
  ],
  // 3.2: the location
  [
    "events are not limited",
    TEMPLATE,
    "        limit_req zone=metrics_zone burst=10 nodelay;\n",
    "",
    "edge.event-rate-limited",
    /limit_req \(none\).*template:/,
  ],
  [
    "the limit is only tried",
    LIMITS,
    "server_tokens off;",
    "server_tokens off;\nlimit_req_dry_run on;",
    "edge.event-rate-limited",
    /limit_req_dry_run on/,
  ],
  [
    "there is no burst",
    TEMPLATE,
    "burst=10 nodelay",
    "nodelay",
    "edge.event-burst",
    /limit_req zone=metrics_zone nodelay/,
  ],
  ["requests are held back", TEMPLATE, "burst=10 nodelay", "burst=10", "edge.event-burst", /burst=10;/],
  [
    "an exact location takes events past the limit",
    TEMPLATE,
    "    location /assets/ {",
    "    location = /api/metrics/event {\n        proxy_read_timeout 5s;\n        proxy_ignore_client_abort on;\n        include passerby/on/brake*.conf;\n        proxy_pass http://collector;\n    }\n    location /assets/ {",
    "edge.event-rate-limited",
    /limit_req \(none\)/,
  ],
  [
    "the cap of a body is too small",
    TEMPLATE,
    "client_max_body_size 64k",
    "client_max_body_size 16k",
    "edge.event-body-cap",
    /client_max_body_size 16k/,
  ],
  [
    "the cap of a body is too large",
    TEMPLATE,
    "client_max_body_size 64k",
    "client_max_body_size 10m",
    "edge.event-body-cap",
    /client_max_body_size 10m/,
  ],
  [
    "bodies lie on disk",
    LIMITS,
    "client_body_buffer_size 128k;\n",
    "",
    "edge.event-body-in-memory",
    /client_body_buffer_size \(none\)/,
  ],
  [
    "the collector is at another port",
    "deploy/docker-compose.full.yml",
    "EDGE_COLLECTOR: 172.30.231.3:8001",
    "EDGE_COLLECTOR: 172.30.231.3:8000",
    "edge.event-target",
    /172\.30\.231\.3:8000.*template:10/,
  ],
  [
    "a slash behind the host changes the path",
    TEMPLATE,
    /proxy_ignore_client_abort on;\n\s+proxy_pass http:\/\/collector;/,
    "proxy_ignore_client_abort on;\n        proxy_pass http://collector/;",
    "edge.event-target",
    /http:\/\/collector\/; sends \//,
  ],
  [
    "the preflight is refused",
    TEMPLATE,
    "^(?:POST|OPTIONS)$",
    "^POST$",
    "edge.event-methods",
    /OPTIONS \/api\/metrics\/event 405.*template:/,
  ],
  [
    "nginx answers the preflight",
    TEMPLATE,
    "        if ($request_method !~ ^(?:POST|OPTIONS)$) {",
    "        if ($request_method = OPTIONS) {\n            return 204;\n        }\n        if ($request_method !~ ^(?:POST|OPTIONS)$) {",
    "edge.event-methods",
    /OPTIONS \/api\/metrics\/event 204/,
  ],
  ["the brake was left on", passerby("on/brake"), "", readBrake(), "edge.event-passes", /503.*on\/brake\.conf:4/],
  [
    "events of left pages are lost",
    TEMPLATE,
    "        proxy_ignore_client_abort on;\n",
    "",
    "edge.last-events",
    /proxy_ignore_client_abort \(none\)/,
  ],
  // 3.2: what nginx answers itself
  [
    "429 is a page of HTML",
    passerby("errors"),
    "error_page 429 @rate_limited;\n",
    "",
    "edge.errors-as-json",
    /error_page 429 \(none\)/,
  ],
  [
    "429 becomes 200",
    passerby("errors"),
    "error_page 429 @rate_limited",
    "error_page 429 =200 @rate_limited",
    "edge.errors-as-json",
    /error_page 429 =200/,
  ],
  [
    "errors cannot be read by pages",
    passerby("error-headers"),
    "add_header Access-Control-Allow-Origin $edge_allowed_origin always;\n",
    "",
    "edge.errors-readable",
    /Access-Control-Allow-Origin of 4\d\d for https:\/\/example\.com \(none\)/,
  ],
  [
    "errors can be read by any page",
    passerby("error-headers"),
    "Access-Control-Allow-Origin $edge_allowed_origin",
    "Access-Control-Allow-Origin $http_origin",
    "edge.errors-readable",
    /foreign\.invalid/,
  ],
  [
    "the edge has another list of origins",
    "deploy/docker-compose.full.yml",
    /ALLOWED_ORIGINS: \$\{ALLOWED_ORIGINS:\?[^}]*\}\n {4}# Ports/,
    "ALLOWED_ORIGINS: https://example.com\n    # Ports",
    "cors.edge-has-same-origins",
    /of edge https:\/\/example\.com /,
  ],
  [
    "429 says no time",
    passerby("maps"),
    "    429     2;\n",
    "",
    "edge.errors-retry-after",
    /Retry-After of 429 \(none\)/,
  ],
  [
    "errors of the collector are replaced",
    PROXY,
    "proxy_next_upstream off;",
    "proxy_next_upstream off;\nproxy_intercept_errors on;",
    "edge.collector-errors-pass",
    /proxy_intercept_errors on;.*proxy\.conf:22/,
  ],
  // 3.2: what the collector is told
  [
    "the client's own claim is passed on with the address",
    PROXY,
    "X-Forwarded-For $remote_addr",
    "X-Forwarded-For $proxy_add_x_forwarded_for",
    "edge.forwarded-for",
    /\$proxy_add_x_forwarded_for.*proxy\.conf:7/,
  ],
  [
    "the client says who it is",
    PROXY,
    "proxy_set_header X-Forwarded-For $remote_addr;\n",
    "",
    "edge.forwarded-for",
    /X-Forwarded-For \(none\)/,
  ],
  [
    "a location forgets what the collector is told",
    TEMPLATE,
    "        proxy_ignore_client_abort on;",
    "        proxy_ignore_client_abort on;\n        proxy_set_header X-Edge 1;",
    "edge.forwarded-for",
    /X-Forwarded-For \(none\).*template:/,
  ],
  [
    "everybody is believed about the address",
    passerby("on/cdn-proxy"),
    "",
    "set_real_ip_from 0.0.0.0/0;\nreal_ip_header X-Forwarded-For;\n",
    "edge.real-ip",
    /0\.0\.0\.0\/0.*cdn-proxy\.conf:1/,
  ],
  ["Host is what proxy_pass says", TEMPLATE, / {4}proxy_set_header Host .*\n/, "", "edge.host", /Host \(none\)/],
  ["Host is what the client says", TEMPLATE, /Host \$host.*(?=;)/, "Host $http_host", "edge.host", /\$http_host/],
  [
    "each event opens a connection",
    PROXY,
    "proxy_http_version 1.1;\n",
    "",
    "edge.keepalive",
    /proxy_http_version \(none\)/,
  ],
  [
    "live data is buffered",
    TEMPLATE,
    "        proxy_buffering off;\n",
    "",
    "edge.stream-passes",
    /proxy_buffering .*\(none\)/,
  ],
  [
    "slow clients are waited for",
    LIMITS,
    "client_body_timeout 5s;\n",
    "",
    "edge.client-limits",
    /client_body_timeout .*60s/,
  ],
  [
    "a hung collector is waited for",
    TEMPLATE,
    "        proxy_read_timeout 5s;\n",
    "",
    "edge.proxy-timeouts",
    /proxy_read_timeout 60s/,
  ],
  [
    "an address may hold any number of connections",
    LIMITS,
    "limit_conn edge_connections 100;\n",
    "",
    "edge.connections-limited",
    /limit_conn \(none\)/,
  ],
  // Hazards
  [
    "a path leads out of a folder",
    TEMPLATE,
    "    location /assets/ {",
    "    location /files {\n        alias /srv/files/;\n    }\n    location /assets/ {",
    "edge.alias-stays-inside",
    /alias \/srv\/files\/;/,
  ],
  [
    "a decoded path is written into a redirect",
    TEMPLATE,
    /(?<=\})\$request_uri/,
    "$uri$is_args$args",
    "edge.headers-not-injectable",
    /\$uri.*template:/,
  ],
  [
    "doubled slashes are kept",
    NGINX,
    "http {",
    "http {\n    merge_slashes off;",
    "edge.slashes-merged",
    /merge_slashes off/,
  ],
  ["the version is told", LIMITS, "server_tokens off;\n", "", "edge.version-hidden", /server_tokens .*\(none\)/],
  // Logs
  [
    "the access log is nginx's own",
    NGINX,
    "    access_log /var/log/nginx/access.log edge;\n",
    "",
    "privacy.edge-access-log",
    /access_log .*combined.*\(none\)/,
  ],
  [
    "the access log has whole addresses",
    passerby("access-log"),
    '"client":"$edge_client"',
    '"client":"$remote_addr"',
    "privacy.edge-access-log",
    /\$remote_addr/,
  ],
  [
    "the access log has the user agent",
    passerby("access-log"),
    '"$ssl_protocol"}',
    '"$ssl_protocol","agent":"$http_user_agent"}',
    "privacy.edge-access-log",
    /access_log/,
  ],
  [
    "the access log has the query",
    passerby("access-log"),
    '"path":"$edge_path"',
    '"path":"$request_uri"',
    "privacy.edge-access-log",
    /\$request_uri/,
  ],
  [
    "one location has a log of its own",
    TEMPLATE,
    "    location /assets/ {",
    "    location /assets/ {\n        access_log /var/log/nginx/assets.log combined;",
    "privacy.edge-access-log",
    /assets\.log combined/,
  ],
  [
    "the error log has addresses",
    NGINX,
    "error.log alert",
    "error.log warn",
    "privacy.edge-error-log",
    /error\.log warn;.*nginx\.conf:11/,
  ],
  [
    "429s are not logged",
    TEMPLATE,
    "        proxy_ignore_client_abort on;",
    "        access_log off;\n        proxy_ignore_client_abort on;",
    "health.edge-log-counts",
    /access_log off/,
  ],
  // TLS
  [
    "TLS 1.0 is spoken",
    passerby("tls"),
    "ssl_protocols TLSv1.2",
    "ssl_protocols TLSv1 TLSv1.2",
    "security.edge-tls-protocols",
    /TLSv1 TLSv1\.2.*tls\.conf:4/,
  ],
  [
    "a weak cipher is offered",
    passerby("tls"),
    "ssl_ciphers ",
    "ssl_ciphers DES-CBC3-SHA:",
    "security.edge-tls-ciphers",
    /DES-CBC3-SHA/,
  ],
  [
    "tickets undo forward secrecy",
    passerby("tls"),
    "ssl_session_tickets off;\n",
    "",
    "security.edge-tls-sessions",
    /ssl_session_tickets .*\(none\)/,
  ],
  [
    "events are taken over plain HTTP",
    TEMPLATE,
    /return 308 .*/,
    "proxy_pass http://collector;",
    "security.edge-redirects",
    /proxy_pass/,
  ],
  ["the redirect is for now only", TEMPLATE, "return 308", "return 302", "security.edge-redirects", /return 302/],
  [
    "the redirect loses the path",
    TEMPLATE,
    /(?<=\})\$request_uri/,
    "/",
    "security.edge-redirects",
    /https:\/\/metrics\.example\.com\//,
  ],
  [
    "any name is served",
    TEMPLATE,
    /server \{\n {4}listen \$\{EDGE_HTTPS_PORT\} ssl http2 default_server;[\s\S]*?\n\}\n/,
    "",
    "security.edge-unknown-names",
    /takes any name at port 443/,
  ],
  [
    "the certificate cannot be renewed",
    TEMPLATE,
    "/.well-known/acme-challenge/",
    "/.well-known/acme/",
    "security.edge-acme",
    /acme/,
  ],
  // Headers
  [
    "a header is missing",
    passerby("headers"),
    "add_header X-Frame-Options $edge_frame_options always;\n",
    "",
    "security.edge-headers",
    /x-frame-options \(none\)/,
  ],
  [
    "errors lack a header",
    passerby("headers"),
    "$edge_content_type_options always",
    "$edge_content_type_options",
    "security.edge-headers",
    /X-Content-Type-Options/,
  ],
  [
    "a location loses the headers",
    TEMPLATE,
    "    location /assets/ {",
    "    location /assets/ {\n        add_header X-Edge 1;",
    "security.edge-headers-inherited",
    /location \/assets\/ loses .*x-frame-options.*template:/,
  ],
  [
    "a header is sent twice",
    passerby("headers"),
    "X-Frame-Options $edge_frame_options",
    "X-Frame-Options DENY",
    "security.edge-headers-once",
    /x-frame-options: DENY/,
  ],
  [
    "browsers are told of TLS for a minute",
    passerby("maps"),
    "max-age=63072000",
    "max-age=60",
    "security.edge-hsts",
    /max-age=60/,
  ],
  [
    "the filter of old browsers is turned on",
    passerby("headers"),
    "X-XSS-Protection 0",
    'X-XSS-Protection "1; mode=block"',
    "security.edge-xss-header",
    /X-XSS-Protection 1; mode=block/,
  ],
  [
    "the certificate is not in the container",
    "deploy/docker-compose.full.yml",
    "EDGE_CERTIFICATE: /run/secrets/tls_certificate",
    "EDGE_CERTIFICATE: /run/secrets/certificate",
    "security.edge-tls",
    /ssl_certificate \/run\/secrets\/certificate;.*template:59/,
  ],
  [
    "a server does not say where it listens",
    TEMPLATE,
    /server \{\n {4}listen \S+ default_server;\n {4}\S+\n/,
    "server {\n",
    "edge.listens-named",
    /listen \(none\).*template:20/,
  ],
  // How it is run
  [
    "the health check is answered by nobody",
    TEMPLATE,
    "location = /edge-health",
    "location = /edge-healthy",
    "health.edge-answers",
    /444/,
  ],
  [
    "a port is published that nginx does not have",
    "deploy/docker-compose.full.yml",
    '"443:443"',
    '"443:8443"',
    "edge.ports-published",
    /80, 8443/,
  ],
  [
    "the brake is not wired",
    TEMPLATE,
    "        include passerby/on/brake*.conf;\n",
    "",
    "rollback.edge-brake",
    /location \/api\/metrics\/event/,
  ],
  [
    "the brake stops the preflight, too",
    passerby("available/brake"),
    "$request_method = POST",
    "$request_method",
    "rollback.edge-brake",
    /OPTIONS/,
  ],
  [
    "scripts of all codings are one",
    TEMPLATE,
    /"\$uri \$edge_coding"/,
    '"$uri"',
    "edge.scripts-cached",
    /proxy_cache_key \$uri;/,
  ],
];

/** A brake that ends, or has ended, so long from now. */
export function brakeFor(ms: number): string {
  const who = { uid: 0, user: "root", pid: 1 };
  const [at, until] = [Date.now(), Date.now() + ms].map((time) => new Date(time).toISOString());
  return printInclude({ at: at ?? "", who, why: null, until: until ?? "" });
}

function readBrake(): string {
  return readFileSync(new URL("../../../deploy/edge/passerby/available/brake.conf", import.meta.url), "utf8");
}

/** CORS headers of nginx beside the collector's, with everything else that the location would lose repeated. */
function addCors({ patch }: Deployment): void {
  const added =
    "        include passerby/headers.conf;\n        add_header Access-Control-Allow-Origin $edge_allowed_origin always;\n";
  patch(TEMPLATE, "        proxy_ignore_client_abort on;\n", `        proxy_ignore_client_abort on;\n${added}`);
}

function dropLimits(deployment: Deployment): void {
  deployment.patch(LIMITS, /limit_req_zone .*\n/, "");
  deployment.patch(TEMPLATE, "        limit_req zone=metrics_zone burst=10 nodelay;\n", "");
}

export const EDGE_FAULTS: readonly Fault[] = [
  ...ROWS.map(
    ([name, file, from, to, finds, names]): Fault => ({
      name,
      finds,
      names,
      breakIt: ({ patch, write }) => (from === "" ? write(file, to) : patch(file, from, to)),
    }),
  ),
  {
    name: "IPv6 leads to the default server only",
    breakIt: ({ patch }) => {
      patch(TEMPLATE, /\$\{EDGE_LISTEN6_HTTP_DEFAULT\}/, "listen [::]:80 default_server;");
      patch(TEMPLATE, /\$\{EDGE_LISTEN6_HTTP\}/, "");
    },
    finds: "edge.families-agree",
    names: /not at port 80 over IPv6.*template:/,
  },
  {
    name: "a brake with an end is still on",
    breakIt: ({ write }) => write(`${passerby("on/brake")}`, brakeFor(3_600_000)),
    finds: "edge.event-passes",
    names: /503.*on\/brake\.conf:6/,
  },
  {
    name: "a brake cannot end by itself",
    breakIt: ({ patch }) => patch(passerby("maps"), "POST    $msec;", 'POST    "";'),
    finds: "rollback.edge-brake",
    names: /brake with an end/,
  },
  {
    name: "there is no limit at all",
    breakIt: dropLimits,
    finds: "edge.rate-limit-zone",
    names: /limit_req_zone \(none\)/,
  },
  {
    name: "nginx adds CORS headers to the collector's",
    breakIt: addCors,
    finds: "edge.cors-once",
    names: /Access-Control-Allow-Origin/,
  },
];

/** What only nginx itself knows to be wrong. */
export const NGINX_FAULTS: readonly Fault[] = [
  {
    name: "a directive is misspelt",
    breakIt: ({ patch }) => patch(PROXY, "proxy_next_upstream off", "proxy_next_upstreem off"),
    finds: "edge.nginx-accepts",
    names: /unknown directive "proxy_next_upstreem".*proxy\.conf:21/,
  },
  {
    name: "a value is none that nginx knows",
    breakIt: ({ patch }) => patch(PROXY, "proxy_next_upstream off", "proxy_next_upstream never"),
    finds: "edge.nginx-accepts",
    names: /invalid value "never".*proxy\.conf:21/,
  },
];

/** Deployments that are broken in one way, in the compose file, in its variables, or in what is built from them. */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import type { Deployment, Fault } from "../good-deployment.ts";

const COMPOSE = "deploy/docker-compose.full.yml";
const ENV = "deploy/.env";
const ORIGINS = "ALLOWED_ORIGINS=https://example.com,https://www.example.com";

type Change = readonly [name: string, from: string | RegExp, to: string, finds: string, names: RegExp];

function changes(file: string, list: readonly Change[]): readonly Fault[] {
  return list.map(([name, from, to, finds, names]) => ({
    ...{ name, finds, names },
    breakIt: ({ patch }: Deployment) => patch(file, from, to),
  }));
}

/** Puts lines into a service, which then win over what it takes from the anchor. */
function within(service: string, lines: string): readonly [RegExp, string] {
  return [new RegExp(`  ${service}:\n    <<: \\*hardened\n`), `  ${service}:\n    <<: *hardened\n    ${lines}\n`];
}

/** Of the variables. */
const VARIABLE_FAULTS: readonly Fault[] = changes(ENV, [
  ["ALLOWED_ORIGINS is not given", `${ORIGINS}\n`, "", "cors.origins-set", /ALLOWED_ORIGINS \(none\)/],
  [
    "an origin ends with a slash",
    "https://example.com,",
    "https://example.com/,",
    "cors.origins-parse",
    /https:\/\/example\.com\/ .*\.env:6/,
  ],
  ["an origin has a path", "www.example.com\n", "www.example.com/shop\n", "cors.origins-parse", /example\.com\/shop/],
  ["every origin is let in", ORIGINS, "ALLOWED_ORIGINS=*", "cors.no-wildcard", /ALLOWED_ORIGINS \*/],
  [
    "everybody at GitHub is let in",
    "www.example.com\n",
    "www.example.com,https://*.github.io\n",
    "cors.no-open-wildcard",
    /\*\.github\.io/,
  ],
  [
    "a developer's machine is let in",
    "www.example.com\n",
    "www.example.com,http://localhost:3000\n",
    "cors.no-local-origins",
    /localhost:3000/,
  ],
  [
    "only a developer's machine is let in",
    ORIGINS,
    "ALLOWED_ORIGINS=http://localhost:3000",
    "cors.names-site",
    /localhost:3000/,
  ],
  [
    "an origin is without TLS",
    "www.example.com\n",
    "www.example.com,http://shop.example.com\n",
    "cors.https-origins",
    /http:\/\/shop/,
  ],
  [
    "sandboxed frames of everybody are let in",
    "www.example.com\n",
    "www.example.com,null\n",
    "cors.no-null-origin",
    /null/,
  ],
  [
    "the host with www is not let in",
    ",https://www.example.com",
    "",
    "cors.www-and-bare",
    /https:\/\/www\.example\.com/,
  ],
  [
    "METRICS_SITES lacks a host that may send",
    "METRICS_SITES=",
    "METRICS_SITES=example.com",
    "cors.sites-have-origins",
    /www\.example\.com/,
  ],
  [
    "nothing is stored",
    "METRICS_SAMPLE_RATE=1",
    "METRICS_SAMPLE_RATE=0",
    "environment.server-rate",
    /METRICS_SAMPLE_RATE 0 .*\.env:23/,
  ],
  [
    "a variable is misspelt",
    "METRICS_RETENTION_DAYS",
    "METRICS_RETENTION_DAY",
    "environment.variables-used",
    /did you mean METRICS_RETENTION_DAYS/,
  ],
  [
    "a setting does not reach the collector",
    "METRICS_WORKERS=1",
    "METRICS_WORKERS=1\nMETRICS_BOTS=drop",
    "environment.variables-used",
    /METRICS_BOTS/,
  ],
  ["the domain of the edge is not given", /EDGE_DOMAIN=.*\n/, "", "environment.variables-given", /EDGE_DOMAIN/],
  [
    "an example was left in place",
    "EDGE_DOMAIN=metrics.example.com",
    "EDGE_DOMAIN=metrics.your-domain.com",
    "environment.no-placeholders",
    /your-domain/,
  ],
  [
    "a secret is a variable",
    "METRICS_SITES=",
    "METRICS_SITES=\nCOMPOSE_REGISTRY_PASSWORD=tr0ub4dor",
    "environment.secrets-as-files",
    /COMPOSE_REGISTRY_PASSWORD \(secret\)/,
  ],
  ["the image is latest", "nginx:1.30.7-alpine", "nginx:latest", "security.images-pinned", /nginx:latest/],
  ["nginx has known holes", "nginx:1.30.7-alpine", "nginx:1.30.6-alpine", "security.nginx-mended", /nginx:1\.30\.6/],
  ["nginx is of a line that nobody mends", "nginx:1.30.7", "nginx:1.28.3", "security.nginx-mended", /nginx:1\.28\.3/],
  [
    "the site sends to a developer's machine",
    "METRICS_SITES=",
    "METRICS_SITES=\nVITE_API_BASE_URL=http://localhost:8001",
    "environment.api-base-url",
    /localhost:8001/,
  ],
  [
    "the site sends without TLS",
    "METRICS_SITES=",
    "METRICS_SITES=\nVITE_API_BASE_URL=http://metrics.example.com",
    "environment.api-base-url",
    /without TLS/,
  ],
  [
    "the site sends to another host",
    "METRICS_SITES=",
    "METRICS_SITES=\nVITE_API_BASE_URL=https://api.example.com",
    "environment.api-base-url-names-edge",
    /api\.example\.com/,
  ],
  [
    "the tracker counts nobody",
    "METRICS_SITES=",
    "METRICS_SITES=\nVITE_API_BASE_URL=https://metrics.example.com\nVITE_METRICS_SAMPLE_RATE=0",
    "environment.build-rate",
    /VITE_METRICS_SAMPLE_RATE 0/,
  ],
  [
    "the tracker's rate is refused",
    "METRICS_SITES=",
    "METRICS_SITES=\nVITE_API_BASE_URL=https://metrics.example.com\nVITE_METRICS_SAMPLE_RATE=0.001",
    "environment.build-rate",
    /METRICS_MIN_TRACKER_RATE 0\.01/,
  ],
]);

/** Of the compose file. */
const COMPOSE_FAULTS: readonly Fault[] = changes(COMPOSE, [
  [
    "the collector is not handed its origins",
    /( {4}command: \[start.*\n {4}environment:\n) {6}ALLOWED_ORIGINS: .*\n/,
    "    environment:\n",
    "cors.origins-set",
    /in the file of variables https:\/\/example\.com/,
  ],
  [
    "the edge has other origins",
    /ALLOWED_ORIGINS: \$\{.*\}/,
    "ALLOWED_ORIGINS: https://example.com",
    "cors.edge-has-same-origins",
    /edge https:\/\/example\.com /,
  ],
  [
    "a key is misspelt",
    ...within("collector", "readonly: true"),
    "environment.compose-valid",
    /did you mean read_only/,
  ],
  [
    "a volume is not in the file",
    "volumes:\n  data: {}",
    "volumes:\n  store: {}",
    "environment.compose-references",
    /volumes\.data/,
  ],
  [
    "two services have one address",
    "ipv4_address: 172.30.231.3",
    "ipv4_address: 172.30.231.2",
    "environment.compose-addresses",
    /given twice/,
  ],
  [
    "a file that is mounted is not there",
    "./edge/nginx.conf:",
    "./nginx.conf:",
    "environment.compose-mounts",
    /\.\/nginx\.conf/,
  ],
  [
    "a variable of the collector is misspelt",
    "METRICS_SAMPLE_RATE: $",
    "METRICS_SAMPLERATE: $",
    "environment.names-known",
    /METRICS_SAMPLERATE/,
  ],
  [
    "nobody rotates",
    /\n {2}metrics-rotator:[\s\S]*?network_mode: none\n/,
    "\n",
    "rotation.sidecar",
    /METRICS_ROTATE off/,
  ],
  [
    "the rotator is a script that copies and unlinks",
    /command:\n {6}- rotate[\s\S]*?MB:-64\}\n/,
    'command: sh -c "pip install -q x && python scripts/metrics_rotate.py --data-dir /data"\n',
    "rotation.sidecar",
    /metrics_rotate\.py/,
  ],
  ["the rotator has another name", "metrics-rotator:", "janitor:", "rotation.sidecar-name", /janitor/],
  [
    "the rotator is of another version",
    /(?<=metrics-rotator:\n.*\n {4})image: .*/,
    "image: passerby:0.0.9",
    "rotation.same-image",
    /passerby:0\.0\.9/,
  ],
  ["the rotator stays down", ...within("metrics-rotator", 'restart: "no"'), "rotation.restarts", /metrics-rotator no/],
  ["a flag is misspelt", "- --gzip-after-days", "- --gzip-after", "rotation.flags-accepted", /--gzip-after /],
  ["an interval is no number", '- "300"', '- "5m"', "rotation.flags-accepted", /5m/],
  [
    "the rotator only says what it would do",
    "- --max-mb",
    "- --dry-run\n      - --max-mb",
    "rotation.keeps-on",
    /--dry-run/,
  ],
  [
    "the collector would rotate in its place",
    'METRICS_ROTATE: "off"',
    "METRICS_ROTATE: auto",
    "rotation.rotator-alone",
    /auto/,
  ],
  [
    "the data is read-only for the rotator",
    /data:\/data:rw(?=\n {4}tmpfs: \*)/,
    "data:/data:ro",
    "rotation.data-writable",
    /metrics-rotator data:\/data:ro/,
  ],
  [
    "the data goes with the container",
    /volumes:\n {6}- data:\/data:rw\n {4}tmpfs: &/,
    "tmpfs: &",
    "rotation.data-writable",
    /collector \(not mounted\)/,
  ],
  [
    "the rotator has another volume",
    /data:\/data:rw(?=\n {4}tmpfs: \*)/,
    "./edge:/data:rw",
    "rotation.same-data",
    /\.\/edge:\/data/,
  ],
  ["the rotator runs once a day", '- "300"', '- "86400"', "rotation.interval", /86400 s/],
  ["nothing is ever compressed", '- "3"', '- "30"', "rotation.compresses-first", /--gzip-after-days 30/],
  [
    "log and store are kept for different times",
    /(--delete-after-days\n {6}- ).*/,
    '--delete-after-days\n      - "90"',
    "rotation.same-retention",
    /90 .*METRICS_RETENTION_DAYS of the collector 30/,
  ],
  [
    "files are sealed at different sizes",
    /(--max-mb\n {6}- ).*/,
    '--max-mb\n      - "8"',
    "rotation.same-size",
    /8 .*64/,
  ],
  [
    "the collector does not know the edge",
    "TRUSTED_PROXIES: 172.30.231.2",
    'TRUSTED_PROXIES: ""',
    "security.proxy-trusted",
    /172\.30\.231\.2/,
  ],
  [
    "everybody is believed about addresses",
    "TRUSTED_PROXIES: 172.30.231.2",
    "TRUSTED_PROXIES: 0.0.0.0/0",
    "security.proxies-narrow",
    /0\.0\.0\.0\/0/,
  ],
  [
    "the collector can be reached past the edge",
    "    command: [start,",
    '    ports: ["8001:8001"]\n    command: [start,',
    "security.collector-hidden",
    /8001:8001/,
  ],
  [
    "the rotator listens to the world",
    "    network_mode: none",
    '    networks: [backend]\n    ports: ["9000:9000"]',
    "security.only-edge-published",
    /9000:9000/,
  ],
  [
    "browsers cannot reach the edge",
    '      - "443:443"\n',
    "",
    "(edge\\.ports|security\\.edge)-published",
    /ports.* 80/,
  ],
  [
    "the edge can see the figures",
    "METRICS_ADMIN_LISTEN: 172.30.232.3:9464",
    "METRICS_ADMIN_LISTEN: 172.30.231.3:9464",
    "security.metrics-private",
    /172\.30\.231\.3:9464/,
  ],
  [
    "the collector can call the world",
    /backend:\n {4}internal: true/,
    "backend:\n    internal: false",
    "security.internal-networks",
    /backend/,
  ],
  ["the collector runs as root", ...within("collector", "user: root"), "security.user", /collector root/],
  ["capabilities are kept", ...within("edge", "cap_drop: []"), "security.capabilities-dropped", /edge \(none\)/],
  ["a capability is added", ...within("collector", "cap_add: [SYS_ADMIN]"), "security.capabilities-added", /SYS_ADMIN/],
  [
    "programs may gain privileges",
    ...within("collector", "security_opt: []"),
    "security.no-new-privileges",
    /collector/,
  ],
  [
    "the collector holds Docker's socket",
    "      - data:/data:rw\n    tmpfs: &",
    "      - data:/data:rw\n      - /var/run/docker.sock:/var/run/docker.sock:ro\n    tmpfs: &",
    "security.isolated",
    /docker\.sock/,
  ],
  [
    "the collector may write to its root",
    ...within("collector", "read_only: false"),
    "security.read-only",
    /collector false/,
  ],
  [
    "nginx has no cache to write to",
    /\n {6}- \/var\/cache\/nginx:.*/,
    "",
    "security.scratch",
    /without \/var\/cache\/nginx/,
  ],
  ["a tmpfs is not the user's", "/run:uid=1001", "/run:uid=101", "security.tmpfs", /uid=101/],
  [
    "the configuration can be written to",
    "nginx.conf:ro",
    "nginx.conf:rw",
    "security.mounts-read-only",
    /nginx\.conf:rw/,
  ],
  [
    "seccomp is off",
    ...within("collector", 'security_opt: ["no-new-privileges:true", "seccomp=unconfined"]'),
    "security.confined",
    /seccomp=unconfined/,
  ],
  ["memory is not bounded", / {4}mem_limit: 512m\n/, "", "security.limits", /mem_limit of metrics-rotator/],
  [
    "a health check asks for the wrong process",
    '"rotator"]',
    '"collector"]',
    "health.healthchecks",
    /in place of the rotator/,
  ],
  ["logs grow for ever", "{ max-size: 10m, max-file", "{ max-file", "health.logs-bounded", /max-size \(none\)/],
  [
    "the collector is killed while it drains",
    /stop_grace_period: 15s/,
    "stop_grace_period: 5s",
    "health.time-to-drain",
    /5s/,
  ],
  ["the collector is process 1", ...within("collector", "init: false"), "security.init", /init of collector false/],
]);

/** Of files beside them. */
const OTHER_FAULTS: readonly Fault[] = [
  {
    name: "others can read the file of variables",
    breakIt: ({ dir }) => chmodSync(join(dir, ENV), 0o644),
    finds: "environment.file-private",
    names: /0644/,
  },
  {
    name: "the image is root without the compose file",
    breakIt: ({ patch }) => patch("deploy/Dockerfile", "USER 1001:1001\n", ""),
    finds: "security.image-user",
    names: /Dockerfile/,
  },
  {
    name: "the image is made from latest",
    breakIt: ({ patch }) =>
      patch("deploy/Dockerfile", /FROM node:24\.21\.0-bookworm-slim AS build/, "FROM node:latest AS build"),
    finds: "security.images-pinned",
    names: /FROM of collector node:latest/,
  },
  {
    name: "the entry point of the edge is not executable",
    breakIt: ({ dir }) => chmodSync(join(dir, "deploy/edge/docker-entrypoint.d/16-passerby.envsh"), 0o644),
    finds: "security.edge-complete",
    names: /not executable/,
  },
];

export const DEPLOYMENT_FAULTS: readonly Fault[] = [...VARIABLE_FAULTS, ...COMPOSE_FAULTS, ...OTHER_FAULTS];

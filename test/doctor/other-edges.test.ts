/** Edges that are not ours: an nginx of Debian as people write it, one that a CDN stands in front of, one in a container. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openInputs } from "../../src/doctor/inputs.ts";
import { runChecks } from "../../src/doctor/run-checks.ts";
import { makeGoodDeployment } from "./good-deployment.ts";

const LOCATIONS = `
    location /api/metrics/event {
        limit_req zone=metrics burst=10 nodelay;
        client_max_body_size 64k;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_pass http://COLLECTOR;
    }
    location / {
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        add_header X-Frame-Options "DENY";
        add_header X-XSS-Protection "1; mode=block";
        proxy_pass http://COLLECTOR;
    }`;
const ZONE = "limit_req_zone $binary_remote_addr zone=metrics:10m rate=5r/s;\nlimit_req_status 429;\n";
const HTTP =
  "user www-data;\npid /run/nginx.pid;\ninclude /etc/nginx/modules-enabled/*.conf;\nevents {}\nhttp {\n  include mime.types;\n";

const TLS_SERVER = (collector: string): string => `${ZONE}server {
    listen 80;
    server_name stats.shop.example;
    return 301 https://$server_name$request_uri;
}
server {
    listen 443 ssl http2;
    server_name stats.shop.example;
    ssl_certificate /etc/letsencrypt/live/stats/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/stats/privkey.pem;${LOCATIONS.replaceAll("COLLECTOR", collector)}
}
`;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "passerby-other-"));
  chmodSync(dir, 0o755);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(dir, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** Verdicts of the checks of the edge by id. */
async function judge(given: { readonly nginx: string; readonly compose?: string; readonly env?: string }) {
  const good = makeGoodDeployment();
  good.remove();
  const options = { ...good.options, compose: undefined, env: undefined, ...given };
  const results = await runChecks(openInputs(options));
  expect(results.filter(({ isBroken }) => isBroken)).toEqual([]);
  return new Map(results.map(({ check, finding }) => [check.id, finding]));
}

function failed(findings: Awaited<ReturnType<typeof judge>>, verdict: "fail" | "warn"): readonly string[] {
  return [...findings].flatMap(([id, finding]) =>
    finding.verdict === verdict && !/^environment/.test(id) ? [id] : [],
  );
}

describe("an edge that is not ours", () => {
  it("is read as Debian lays it out, and is told what leaks and what is missing", async () => {
    const nginx = write(
      "nginx.conf",
      `${HTTP}  access_log /var/log/nginx/access.log;\n  include sites-enabled/*;\n}\n`,
    );
    write("sites-enabled/stats", TLS_SERVER("127.0.0.1:8001"));
    const env = write("passerby.env", "ALLOWED_ORIGINS=https://shop.example\nTRUSTED_PROXIES=127.0.0.1\n");
    const findings = await judge({ nginx, env });
    expect(failed(findings, "fail")).toEqual([
      "privacy.edge-access-log",
      "privacy.edge-error-log",
      "security.edge-headers",
      "security.edge-hsts",
    ]);
    expect(failed(findings, "warn")).toEqual(
      expect.arrayContaining([
        "edge.errors-as-json",
        "edge.forwarded-for",
        "security.edge-xss-header",
        "rollback.edge-brake",
      ]),
    );
    expect(findings.get("edge.event-target")).toMatchObject({ verdict: "pass" });
    expect(findings.get("edge.errors-readable")).toMatchObject({ verdict: "skipped" });
  });

  it("may stand behind something that ends TLS, if it names it", async () => {
    const server = (more: string): string =>
      `${HTTP}${more}${ZONE}server {\nlisten 8080;\nserver_name stats.shop.example;${LOCATIONS.replaceAll("COLLECTOR", "127.0.0.1:8001")}\n}\n}\n`;
    const named = await judge({
      nginx: write("named.conf", server("set_real_ip_from 10.0.0.0/8;\nreal_ip_header X-Forwarded-For;\n")),
    });
    expect(named.get("security.edge-tls")).toMatchObject({ verdict: "skipped" });
    const bare = await judge({ nginx: write("bare.conf", server("")) });
    expect(bare.get("security.edge-tls")).toMatchObject({ verdict: "fail" });
  });

  it("is followed through what a container mounts, by services of other names", async () => {
    const nginx = write("proxy/nginx.conf", `${HTTP}  include /etc/nginx/conf.d/*.conf;\n}\n`);
    write("proxy/sites/stats.conf", TLS_SERVER("stats:8001"));
    const compose = write(
      "compose.yml",
      `services:
  web:
    image: nginx:alpine
    ports: ["80:80", "443:443"]
    volumes:
      - ./proxy/nginx.conf:/etc/nginx/nginx.conf:ro
      - { type: bind, source: ./proxy/sites, target: /etc/nginx/conf.d }
      - certificates:/etc/letsencrypt:ro
  stats:
    image: ghcr.io/passerby/passerby:0.1.0
    command: start --host 0.0.0.0
volumes:
  certificates: {}
`,
    );
    const findings = await judge({ nginx, compose });
    expect(findings.get("edge.event-target")).toMatchObject({ verdict: "pass" });
    expect(findings.get("edge.ports-published")).toMatchObject({ verdict: "pass" });
    expect(findings.get("security.edge-tls")).toMatchObject({ verdict: "pass" });
  });

  it("may serve a site beside the collector, and other sites, of which nothing is said", async () => {
    const collector = TLS_SERVER("127.0.0.1:8001").replace(
      / {4}location \/ \{[\s\S]*?\n {4}\}/,
      "    location / { root /srv/shop; }\n    location ~ ^/(?:api/metrics/|passerby) { proxy_set_header X-Forwarded-For $remote_addr; proxy_pass http://127.0.0.1:8001; }",
    );
    const log = "access_log off;\nerror_log /dev/null;\nserver_tokens off;\n";
    const other =
      "server { listen 443 ssl default_server; server_name blog.example; access_log /var/log/nginx/blog.log; client_max_body_size 100m; location / { root /srv/blog; } }\n";
    const nginx = write("nginx.conf", `${HTTP}${log}${collector}${other}}\n`);
    const findings = await judge({ nginx });
    for (const id of [
      "edge.event-methods",
      "privacy.edge-access-log",
      "edge.version-hidden",
      "edge.dashboard-cookie",
      "security.edge-unknown-names",
    ]) {
      expect([id, findings.get(id)?.verdict]).toEqual([id, "pass"]);
    }
    expect(findings.get("edge.assets-packed")).toMatchObject({ verdict: "skipped" });
  });

  it("is not read with a template that nobody fills in", async () => {
    const { options, remove } = makeGoodDeployment();
    const findings = await judge({ nginx: options.nginx ?? "" });
    remove();
    expect(findings.get("edge.configuration-reads")).toEqual({
      verdict: "skipped",
      reason: expect.stringContaining("--compose FILE or --env FILE"),
    });
  });
});

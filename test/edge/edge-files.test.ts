/** The files of deploy/edge by themselves: that nginx takes every variant, what fills them in, and mistakes they must not have. */
import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { envsubst } from "../means.ts";
import {
  checkConfig,
  DOMAIN,
  EDGE,
  type EdgePlaces,
  fillEdge,
  hasEdgeParts,
  NEED,
  prepareEdge,
  turnOff,
  turnOn,
} from "./edge-files.ts";

const ORIGINS = "https://example.com, https://*.shop.example,null";
const ENTRYPOINT = join(EDGE, "docker-entrypoint.d/16-passerby.envsh");
const TEMPLATE = join(EDGE, "templates/passerby.conf.template");

/** Directives of a file, each on one line without its comment. */
function readDirectives(name: string): readonly string[] {
  const lines = readFileSync(join(EDGE, name), "utf8").split("\n");
  return lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
}

const FILES = globSync(["nginx.conf", "passerby/**/*.conf", "templates/*.template"], { cwd: EDGE }).sort();
const ALL = FILES.flatMap((name) => readDirectives(name).map((text) => ({ name, text })));

function findAll(pattern: RegExp): readonly string[] {
  return ALL.filter(({ text }) => pattern.test(text)).map(({ name, text }) => `${name}: ${text}`);
}

/** The text of every location; a block begins and ends with its line. */
function readLocations(): readonly string[] {
  const locations: string[] = [];
  for (const name of FILES) {
    let depth = 0;
    for (const line of readDirectives(name)) {
      const begins = depth === 0 && line.startsWith("location ");
      if (begins) locations.push(line);
      else if (depth > 0) locations.push(`${locations.pop()}\n${line}`);
      if (begins || (depth > 0 && line.endsWith("{"))) depth += 1;
      else if (depth > 0 && line === "}") depth -= 1;
    }
  }
  return locations;
}

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "passerby-edge-files-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!hasEdgeParts)(`nginx [needs ${NEED}]`, () => {
  let places: EdgePlaces;
  beforeAll(() => {
    places = prepareEdge(folder, { ALLOWED_ORIGINS: ORIGINS, EDGE_COLLECTOR: "127.0.0.1:8001" });
  });

  it.each([
    [[]],
    [["brake.conf"]],
    [["cdn-cloudflare.conf"]],
    [["cdn-proxy.conf"]],
    [["brake.conf", "cdn-cloudflare.conf"]],
  ])("loads the files with %j turned on, and has nothing to say about them", (names) => {
    for (const name of names) turnOn(places, name);
    expect(checkConfig(places)).toBe("");
    for (const name of names) turnOff(places, name);
  });

  it("does not load a rate in requests per hour", () => {
    const limits = join(folder, "etc/passerby/limits.conf");
    const text = readFileSync(limits, "utf8");
    expect(text).toContain("limit_req_zone $binary_remote_addr zone=metrics_zone:10m rate=5r/s;");
    writeFileSync(limits, text.replace("rate=5r/s", "rate=1r/h"));
    expect(checkConfig(places)).toContain('invalid rate "rate=1r/h"');
    writeFileSync(limits, text);
  });
});

describe("filling in", () => {
  const good = { EDGE_DOMAIN: DOMAIN, ALLOWED_ORIGINS: ORIGINS };
  const read = (target: string): string => readFileSync(join(target, "conf.d/passerby.conf"), "utf8");

  it("makes of each origin a line that matches it and no other", () => {
    const target = join(folder, "origins");
    fillEdge(target, good);
    const [, map = ""] = /map \$http_origin \$edge_allowed_origin \{\n([^}]*)\}/.exec(read(target)) ?? [];
    expect(map.split("\n").map((line) => line.trim())).toEqual([
      'default "";',
      '"https://example.com" "https://example.com";',
      '"~^https://[A-Za-z0-9-]+\\.shop\\.example$" $http_origin;',
      '"null" "null";',
      "",
    ]);
  });

  it("keeps what is turned on, and takes a new domain", () => {
    const target = join(folder, "again");
    fillEdge(target, good);
    const brake = join(target, "passerby/on/brake.conf");
    writeFileSync(brake, "# on\n");
    fillEdge(target, { ...good, EDGE_DOMAIN: "other.example" });
    expect(readFileSync(brake, "utf8")).toBe("# on\n");
    expect(read(target)).toContain("server_name other.example;");
    expect(read(target)).toContain("ssl_certificate /etc/letsencrypt/live/other.example/fullchain.pem;");
  });

  it.each([
    [{ ...good, EDGE_DOMAIN: "" }, "EDGE_DOMAIN is missing"],
    [{ ...good, EDGE_DOMAIN: "a.example; return 200" }, "EDGE_DOMAIN=a.example; return 200 has a character"],
    [{ ...good, EDGE_HTTPS_PORT: "443 default_server" }, "EDGE_HTTPS_PORT=443 default_server has a character"],
    [{ ...good, EDGE_CERTIFICATE: "/a;b" }, "EDGE_CERTIFICATE=/a;b has a character"],
    [{ ...good, EDGE_COLLECTOR: "unix:/x" }, "EDGE_COLLECTOR=unix:/x has a character"],
    [{ EDGE_DOMAIN: DOMAIN }, "ALLOWED_ORIGINS is missing"],
    [{ ...good, ALLOWED_ORIGINS: "*" }, "* is not allowed on the open internet"],
    [{ ...good, ALLOWED_ORIGINS: "https://*.a.*.example" }, "has more than one *"],
    [{ ...good, ALLOWED_ORIGINS: "https://a*.example" }, "https://a*.example is not allowed"],
    [{ ...good, ALLOWED_ORIGINS: "https://a.example/" }, "has a path or no host"],
    [{ ...good, ALLOWED_ORIGINS: 'https://a.example" "x' }, "has a character that is not allowed"],
    [{ ...good, ALLOWED_ORIGINS: "https://a.example\nhttps://b.example" }, "has a character that is not allowed"],
    [{ ...good, ALLOWED_ORIGINS: "a.example" }, "a.example is no origin"],
  ])("refuses %j and writes nothing", (settings, message) => {
    const target = join(folder, "refused");
    expect(() => fillEdge(target, settings)).toThrow(message);
    expect(existsSync(target)).toBe(false);
  });

  it.each([
    ["nginx/1.30.7", true],
    ["nginx/1.25.1 (Ubuntu)", true],
    ["nginx/1.25.0", false],
    ["nginx/1.9.15", false],
    ["openresty/2.0.0", true],
  ])("turns HTTP/2 on as %s wants it, and on ports with TLS only", (version, isNew) => {
    const programs = mkdtempSync(join(folder, "programs-"));
    writeFileSync(join(programs, "nginx"), `#!/bin/sh\necho "nginx version: ${version}" >&2\n`, { mode: 0o755 });
    const target = join(folder, version.replaceAll("/", "-"));
    fillEdge(target, { ...good, PATH: `${programs}:${process.env["PATH"]}` });
    const servers = read(target)
      .split(/^server \{$/m)
      .filter((text) => text.includes("listen "));
    const facts = servers.map((text) => ({
      hasTls: / ssl[ ;]/.test(text),
      old: (text.match(/listen .* http2/g) ?? []).length > 0,
      new: (text.match(/^ {4}http2 on;$/gm) ?? []).length,
    }));
    expect(facts.filter(({ hasTls }) => hasTls).length).toBe(2);
    expect(facts).toEqual(facts.map(({ hasTls }) => ({ hasTls, old: hasTls && !isNew, new: hasTls && isNew ? 1 : 0 })));
    expect(existsSync(join(target, "conf.d/passerby.conf.new"))).toBe(false);
  });

  it.skipIf(envsubst === undefined)("gives what the official image makes of the template [needs envsubst]", () => {
    // As its 20-envsubst-on-templates.sh does: every variable of the environment, and none that is not there.
    const made = join(folder, "made-of-template.conf");
    const script = `set -e; . "$1"
      names=$(printf '\${%s} ' $(awk 'END { for (name in ENVIRON) print name }' </dev/null))
      envsubst "$names" <"$2" >"$3"
      "$4" "$3"`;
    const files = [ENTRYPOINT, TEMPLATE, made, join(EDGE, "docker-entrypoint.d/25-passerby-http2.sh")];
    const { stderr } = spawnSync("sh", ["-c", script, "sh", ...files], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"] ?? "", ...good },
    });
    expect(stderr).toBe("");
    const target = join(folder, "official");
    fillEdge(target, good);
    const text = readFileSync(made, "utf8");
    expect(text).toBe(read(target));
    expect(text).not.toContain("${");
  });

  it("is told of in the guide with every variable", () => {
    const guide = readFileSync(new URL("../../docs/guide/edge.md", import.meta.url), "utf8");
    const told = [...guide.matchAll(/^\| `(EDGE_\w+|ALLOWED_ORIGINS)` \|/gm)].map(([, name]) => name);
    const settable = [...readFileSync(ENTRYPOINT, "utf8").matchAll(/^(EDGE_\w+)=\$\{\1:?-/gm)].map(([, name]) => name);
    expect(new Set(told)).toEqual(new Set([...settable, "ALLOWED_ORIGINS"]));
  });
});

describe("mistakes that a configuration of nginx must not have", () => {
  it("are looked for in all there is", () => {
    expect(FILES).toHaveLength(13);
    expect(readLocations()).toHaveLength(ALL.filter(({ text }) => text.startsWith("location ")).length);
  });

  it("headers that a location's own ones make it lose", () => {
    const withHeaders = [...new Set(findAll(/^add_header /).map((found) => found.split(":")[0]))];
    expect(withHeaders).toEqual(["passerby/error-headers.conf", "passerby/headers.conf"]);
    expect(readDirectives("passerby/error-headers.conf")[0]).toBe("include passerby/headers.conf;");
    expect(findAll(/^add_header .*(?<! always);$/)).toEqual([]);
    const own = readLocations().filter((text) => /^(?:add_header|proxy_set_header|proxy_hide_header) /m.test(text));
    expect(own).toEqual([]);
    // Limits on connections are lost in the same way.
    const limiting = readLocations().filter((text) => text.includes("limit_conn "));
    expect(limiting.filter((text) => !text.includes("limit_conn edge_connections 100;"))).toEqual([]);
  });

  it.each<[string, RegExp]>([
    ["a folder that a path leads out of", /^alias /],
    ["a header written by a decoded path", /^(?:return|rewrite|add_header|proxy_set_header) .*\$(?:document_)?uri\b/],
    ["an address to ask that a client chooses", /^proxy_pass (?!http:\/\/collector;$)/],
    ["a name that a client chooses", /\$http_host\b/],
    ["a look-up at run time", /^resolver /],
    ["an if that does more than return", /^(?:set|rewrite|break|valid_referers)[ ;]/],
    ["a version that is told", /^server_tokens (?!off;)/],
    ["an address that is added to what the client sent", /\$proxy_add_x_forwarded_for/],
    ["a client's whole address, agent or query in the log", /^'.*\$(?:remote_addr|http_|request_uri|request"|args)/],
  ])("%s", (_mistake, pattern) => {
    expect(findAll(pattern)).toEqual([]);
  });

  it("an error log that names clients", () => {
    expect(findAll(/^error_log /)).toEqual(["nginx.conf: error_log /var/log/nginx/error.log alert;"]);
  });
});

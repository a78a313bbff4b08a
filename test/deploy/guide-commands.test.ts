/** The guides of the deployment: what they name is there, is called as it may be, and links lead somewhere. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { caddy, composeSchema, isLong, nft, systemdAnalyze } from "../means.ts";
import { readGuide, readGuideCommands } from "../support/guide-code.ts";
import { unknownFlags } from "./command-check.ts";
import { COMPOSE_PATH, DEPLOY, ENV_EXAMPLE_PATH, parseCompose } from "./compose-file.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const GUIDES = [
  "production.md",
  "behind-cloudflare.md",
  "behind-a-proxy.md",
  "upgrade.md",
  "backup-and-restore.md",
  "capacity.md",
  "deploy-systemd.md",
];
/** What the owner puts there. */
const OWN = /^deploy\/(\.env$|secrets\/|edge\/passerby\/on\/)/;

/** Of Compose 2. */
const COMPOSE_COMMANDS = ["build", "config", "down", "exec", "logs", "ps", "pull", "restart", "run", "stop", "up"];

const commands = GUIDES.flatMap((guide) => readGuideCommands(guide).map((line) => ({ guide, line })));

describe.each(GUIDES)("%s", (guide) => {
  it("names files that there are, and links that lead somewhere", () => {
    const text = readGuide(guide);
    const named = text.match(/\b(?:deploy|scripts|dist|test)\/[\w./-]*\w/g) ?? [];
    expect(named.filter((path) => !OWN.test(path) && !existsSync(ROOT + path))).toEqual([]);
    const links = [...text.matchAll(/\]\((?!https:)([^)#]*)(?:#([^)]*))?\)/g)].map(([, page = "", part]) => ({
      page,
      part,
    }));
    expect(links.length).toBeGreaterThan(2);
    const broken = links.filter(({ page, part }) => {
      const path = join(ROOT, "docs/guide", page === "" ? guide : page);
      if (!existsSync(path)) return true;
      return part !== undefined && !headingsOf(readFileSync(path, "utf8")).includes(part);
    });
    expect(broken).toEqual([]);
  });
});

/** The names by which headings are linked. */
function headingsOf(page: string): readonly string[] {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("the guides' commands", () => {
  it("call passerby with subcommands and flags that there are", async () => {
    const calls = commands.flatMap(({ line }) => {
      const words = /(?:passerby\.js|passerby:[\d.]+|run --rm --no-deps collector) ([a-z].+?)(?: >\S+)?$/.exec(
        line,
      )?.[1];
      return words === undefined ? [] : [words];
    });
    expect(calls.length).toBeGreaterThan(20);
    const bySubcommand = Map.groupBy(calls, (call) => /^key create|^[a-z-]+/.exec(call)?.[0] ?? call);
    const checked = [...bySubcommand].map(async ([subcommand, all]) => {
      const flags = new Set(all.flatMap((call) => call.match(/--[a-z][a-z-]*/g) ?? []));
      return [subcommand, await unknownFlags([...subcommand.split(" "), ...flags], {})];
    });
    for (const [subcommand, unknown] of await Promise.all(checked))
      expect([subcommand, unknown]).toEqual([subcommand, []]);
  });

  it("call Compose with commands and services that there are", () => {
    const calls = commands.filter(({ line }) => line.startsWith("docker compose ")).map(({ line }) => line);
    expect(calls.length).toBeGreaterThan(15);
    const services = Object.keys(parseCompose().services);
    for (const call of calls) {
      const [command = "", ...rest] = call.replace(/^docker compose( --file \S+)+ /, "").split(" ");
      expect(COMPOSE_COMMANDS).toContain(command);
      const service = rest.find((word) => !word.startsWith("-"));
      if (service !== undefined) expect(services).toContain(service);
    }
  });

  it("mount the folder of backups into the collector", () => {
    const { services } = parse(readFileSync(`${DEPLOY}docker-compose.backup.yml`, "utf8"));
    expect(Object.keys(services)).toEqual(["collector"]);
    const mount = /^\$\{BACKUP_DIR:-\/var\/backups\/passerby\}:\/backup:rw$/;
    expect(services.collector).toEqual({ volumes: [expect.stringMatching(mount)] });
  });

  it.skipIf(composeSchema === undefined || !isLong)(
    "are merged by docker-compose [needs docker-compose] [needs long]",
    () => {
      const files = ["--file", COMPOSE_PATH, "--file", `${DEPLOY}docker-compose.backup.yml`];
      const args = [...files, "--env-file", ENV_EXAMPLE_PATH, "config"];
      const { status, stdout, stderr } = spawnSync("/usr/bin/docker-compose", args, { encoding: "utf8", env: {} });
      expect([status, stderr]).toEqual([0, ""]);
      const { collector } = parse(stdout).services;
      expect(collector.volumes).toEqual(["/var/backups/passerby:/backup:rw", "data:/data:rw"]);
      expect(collector.read_only).toBe(true);
    },
  );

  it("are those that cron has, too", () => {
    const cron = /^15 3 \* \* \* root cd \S+ && (.+)$/m.exec(readGuide("backup-and-restore.md"))?.[1];
    expect(commands.map(({ line }) => line)).toContain(cron);
  });

  it.skipIf(systemdAnalyze === undefined)("start a timer whose time systemd knows [needs systemd-analyze]", () => {
    const timer = readFileSync(`${DEPLOY}systemd/passerby-backup.timer`, "utf8");
    const time = /^OnCalendar=(.+)$/m.exec(timer)?.[1] ?? "";
    expect(spawnSync(systemdAnalyze ?? "", ["calendar", time]).status).toBe(0);
    expect(spawnSync(systemdAnalyze ?? "", ["calendar", `${time}:99`]).status).not.toBe(0);
  });
});

describe("cloudflare.sh", () => {
  const script = `${DEPLOY}edge/cloudflare.sh`;
  let folder: string;
  let published: string;
  const run = (...args: readonly string[]) =>
    spawnSync(script, args, { encoding: "utf8", env: { PATH: process.env["PATH"] ?? "" } });
  const list = (text: string): string => {
    const path = join(folder, `list-${Math.random()}`);
    writeFileSync(path, text);
    return path;
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "passerby-ranges-"));
    const ours = readFileSync(`${DEPLOY}edge/passerby/available/cdn-cloudflare.conf`, "utf8");
    published = [...ours.matchAll(/^set_real_ip_from (.+);$/gm)]
      .map(([, range]) => range)
      .reverse()
      .join("\n");
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it("finds its ranges as published, in two files, in any order, with or without a last newline", () => {
    const [v4, v6] = [/\./, /:/].map((kind) =>
      published
        .split("\n")
        .filter((line) => kind.test(line))
        .join("\r\n"),
    );
    const { status, stdout } = run("compare", list(`${v4}\r\n`), list(`${v6}\n`));
    expect([status, stdout]).toEqual([0, "the 22 ranges are those that Cloudflare publishes\n"]);
  });

  it("names what is new and what is gone", () => {
    const { status, stdout } = run("compare", list(`${published.replace("104.16.0.0/13", "104.16.0.0/12")}\n`));
    expect([status, stdout]).toEqual([1, "new, to be added:   104.16.0.0/12\ngone, to be removed: 104.16.0.0/13\n"]);
  });

  it.each([
    ["a page that is no list", "<html>blocked</html>"],
    ["half of the lists", "104.16.0.0/13\n"],
  ])("takes %s for no answer", (_what, text) => {
    const { status, stdout, stderr } = run("compare", list(text));
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("not the whole list");
  });

  it.skipIf(nft === undefined)("writes a firewall that nft takes [needs nft]", () => {
    const { stdout } = run("firewall");
    // A network of its own: nothing of this machine is looked at.
    const check = (rules: string) =>
      spawnSync("unshare", ["-rn", nft ?? "", "-c", "-f", list(rules)], { encoding: "utf8" });
    expect([check(stdout).status, check(stdout).stderr]).toEqual([0, ""]);
    expect(check(stdout.replace("@ipv4", "@ipv5")).status).not.toBe(0);
    expect(published.split("\n").filter((range) => !stdout.includes(` ${range}`))).toEqual([]);
  });
});

type Router = {
  readonly middlewares: readonly string[];
  readonly service: string;
  readonly entryPoints: readonly string[];
  readonly tls: { readonly certResolver: string; readonly options: string };
};

describe("the files for Caddy and Traefik", () => {
  it.skipIf(caddy === undefined)("are what Caddy would make of its file [needs caddy]", () => {
    const { stdout } = spawnSync(caddy ?? "", ["fmt", `${DEPLOY}caddy/Caddyfile`], { encoding: "utf8" });
    expect(stdout).toBe(readFileSync(`${DEPLOY}caddy/Caddyfile`, "utf8"));
  });

  it("name middlewares, services and transports that there are", () => {
    const { http, tls } = parse(readFileSync(`${DEPLOY}traefik/dynamic/passerby.yml`, "utf8"));
    const { entryPoints, certificatesResolvers, accessLog } = parse(
      readFileSync(`${DEPLOY}traefik/traefik.yml`, "utf8"),
    );
    for (const { middlewares, service, entryPoints: used, tls: own } of Object.values<Router>(http.routers)) {
      expect(Object.keys(http.middlewares)).toEqual(expect.arrayContaining([...middlewares]));
      expect(Object.keys(http.services)).toContain(service);
      expect(Object.keys(entryPoints)).toEqual(expect.arrayContaining([...used]));
      expect(Object.keys(certificatesResolvers)).toContain(own.certResolver);
      expect(Object.keys(tls.options)).toContain(own.options);
    }
    const transports = Object.values<{ loadBalancer: { serversTransport: string } }>(http.services);
    expect(transports.map(({ loadBalancer }) => loadBalancer.serversTransport).sort()).toEqual(
      Object.keys(http.serversTransports).sort(),
    );
    // Nobody's X-Forwarded-For is believed, a body has 64 KiB, and the log says nothing of who asked.
    expect(JSON.stringify(entryPoints)).not.toContain("forwardedHeaders");
    expect(http.middlewares["passerby-body"].buffering.maxRequestBodyBytes).toBe(65_536);
    expect(accessLog.fields.defaultMode).toBe("drop");
    expect(accessLog.fields.headers.defaultMode).toBe("drop");
    expect(Object.keys(accessLog.fields.names).filter((name) => /client|path|line|addr/i.test(name))).toEqual([]);
  });
});

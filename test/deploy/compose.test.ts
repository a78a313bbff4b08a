/** The compose file: what Compose takes, what the checklist wants of each service, and commands that the image has. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ipaddr from "ipaddr.js";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import packageFacts from "../../package.json" with { type: "json" };
import { readSettings, SETTING_KEYS, SETTINGS } from "../../src/config.ts";
import { composeSchema } from "../means.ts";
import { refusalOfRotate, unknownFlags } from "./command-check.ts";
import {
  COMPOSE_PATH,
  DEPLOY,
  ENV_EXAMPLE_PATH,
  listVariables,
  parseCompose,
  readComposeText,
  readEnvExample,
  serviceOf,
} from "./compose-file.ts";
import { judgeCompose } from "./compose-schema.ts";

const compose = parseCompose();
const services = Object.entries(compose.services);
const collector = serviceOf(compose, "collector");
const rotator = serviceOf(compose, "metrics-rotator");
const edge = serviceOf(compose, "edge");

/** Returns the value after a flag. */
function flagValue(args: readonly string[] | undefined, flag: string): string | undefined {
  return args?.[args.indexOf(flag) + 1];
}

describe.skipIf(composeSchema === undefined)("the compose file [needs docker-compose]", () => {
  it("is what the compose specification allows", () => {
    expect(judgeCompose(readComposeText())).toEqual([]);
  });

  it("would not be with a key that is misspelt", () => {
    expect(judgeCompose(readComposeText().replace("read_only:", "readonly:"))).not.toEqual([]);
  });

  it("is read by docker-compose as it is by these tests, with the AppArmor profile put in beside it", () => {
    const apparmor = join(DEPLOY, "docker-compose.apparmor.yml");
    const args = ["--file", COMPOSE_PATH, "--file", apparmor, "--env-file", ENV_EXAMPLE_PATH, "config"];
    const { status, stdout, stderr } = spawnSync("/usr/bin/docker-compose", args, { encoding: "utf8", env: {} });
    expect([status, stderr]).toEqual([0, ""]);
    const read: typeof compose = parse(stdout);
    expect(Object.keys(read.services).sort()).toEqual(Object.keys(compose.services).sort());
    for (const [name, { image, command, environment, networks }] of services) {
      const other = serviceOf(read, name);
      expect([name, other.image, other.command, other.environment]).toEqual([name, image, command, environment]);
      const confined = name === "edge" ? [] : ["apparmor=passerby"];
      expect(new Set(other.security_opt)).toEqual(new Set(["no-new-privileges:true", ...confined]));
      expect(new Set(Object.keys(other.networks ?? {}))).toEqual(new Set(Object.keys(networks ?? {})));
    }
  });

  it("is refused by docker-compose while the owner's own values are missing", () => {
    const env = { EDGE_DOMAIN: "metrics.example.com" };
    const { status, stderr } = spawnSync("/usr/bin/docker-compose", ["--file", COMPOSE_PATH, "config"], {
      encoding: "utf8",
      env,
    });
    expect(status).not.toBe(0);
    expect(stderr).toContain("set ALLOWED_ORIGINS in deploy/.env");
  });
});

describe("each service", () => {
  it.each(services)("%s runs as user 1001 with nothing that it does not need", (_name, service) => {
    expect(service).toMatchObject({
      user: "1001:1001",
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      init: true,
      restart: "unless-stopped",
    });
    expect(service).not.toHaveProperty("privileged");
    expect(service).not.toHaveProperty("cap_add");
    expect(JSON.stringify(service)).not.toContain("docker.sock");
  });

  it.each(services)("%s has bounds and a health check without a shell", (_name, service) => {
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(Number(service.cpus)).toBeGreaterThan(0);
    expect(service.pids_limit).toBeGreaterThan(0);
    expect(service.healthcheck?.test[0]).toBe("CMD");
  });

  it.each(services)("%s names its image by a whole version", (_name, { image }) => {
    expect(image).toMatch(/^[\w./-]+:\d+\.\d+\.\d+(-[\w.-]+)?$|@sha256:[0-9a-f]{64}$/);
  });

  it.each(services)("%s writes to /data and to memory only", (_name, { volumes = [], tmpfs = [] }) => {
    expect(volumes.filter((volume) => !volume.endsWith(":ro") && volume !== "data:/data:rw")).toEqual([]);
    expect(tmpfs.filter((mount) => !mount.includes("noexec,nosuid,nodev"))).toEqual([]);
    expect(tmpfs.every((mount) => /size=\d+m/.test(mount))).toBe(true);
  });
});

describe("the commands", () => {
  it("are the checklist's for the rotator, and passerby rotate takes them", async () => {
    const command = rotator.command ?? [];
    expect(command.join(" ")).toBe(
      "rotate --data-dir /data --interval 300 --gzip-after-days 3 --delete-after-days 30 --max-mb 64",
    );
    expect(await refusalOfRotate(command, rotator.environment ?? {})).toBe("");
    expect(await refusalOfRotate([...command, "--interval", "0"], {})).toContain("--interval 0 is not allowed");
  });

  it("have flags that passerby start knows", async () => {
    const { command = [], environment = {} } = collector;
    expect(await unknownFlags(command, environment)).toEqual([]);
    expect(await unknownFlags([...command, "--hots"], environment)).toEqual(["--hots"]);
  });

  it("run the image of this version", () => {
    expect([collector.image, rotator.image]).toEqual(Array(2).fill(`passerby:${packageFacts.version}`));
  });
});

describe("the collector's settings", () => {
  const environment = collector.environment ?? {};
  const settings = readSettings({ HOST: flagValue(collector.command, "--host"), ...environment });

  it("are settings, and no other variables", () => {
    const known = SETTING_KEYS.map((key) => SETTINGS[key].variable);
    expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
  });

  it("believe the edge about addresses and nobody else", () => {
    expect(settings.trustedProxies).toEqual([edge.networks?.["backend"]?.ipv4_address]);
  });

  it("have the edge find the collector where it listens, whether it is up or not", () => {
    const address = collector.networks?.["backend"]?.ipv4_address;
    expect(edge.environment?.["EDGE_COLLECTOR"]).toBe(`${address}:${settings.port}`);
  });

  it("leave rotation to the rotator, which deletes and seals by the same figures", () => {
    expect(settings.rotate).toBe("off");
    expect(flagValue(rotator.command, "--delete-after-days")).toBe(String(settings.retentionDays));
    expect(flagValue(rotator.command, "--max-mb")).toBe(String(settings.maxShardMb));
    const changed = parseCompose({ ...readEnvExample(), METRICS_RETENTION_DAYS: "7", METRICS_MAX_SHARD_MB: "8" });
    expect(serviceOf(changed, "metrics-rotator").command?.slice(-4)).toEqual([
      "--delete-after-days",
      "7",
      "--max-mb",
      "8",
    ]);
    expect(serviceOf(changed, "collector").environment?.["METRICS_RETENTION_DAYS"]).toBe("7");
  });

  it("answer Prometheus on the monitoring network only", () => {
    expect(settings.adminListen).toEqual({ host: collector.networks?.["monitoring"]?.ipv4_address, port: 9464 });
    expect(edge.networks).not.toHaveProperty("monitoring");
  });
});

describe("the networks", () => {
  it("hold the fixed addresses of the services", () => {
    const fixed = services.flatMap(([name, { networks = {} }]) =>
      Object.entries(networks).flatMap(([network, { ipv4_address: address }]) =>
        address === undefined ? [] : [{ name, network, address }],
      ),
    );
    expect(new Set(fixed.map(({ address }) => address)).size).toBe(fixed.length);
    const isOutside = ({ network, address }: (typeof fixed)[number]): boolean => {
      const subnet = compose.networks[network]?.ipam?.config[0]?.subnet ?? "";
      // The first address of a network is Docker's own.
      return !ipaddr.parse(address).match(ipaddr.parseCIDR(subnet)) || /\.[01]$/.test(address);
    };
    expect(fixed.filter(isOutside)).toEqual([]);
    expect(fixed.length).toBeGreaterThan(2);
  });

  it("let the edge alone out, and the rotator nowhere", () => {
    const outside = services.filter(([, { networks = {} }]) => Object.hasOwn(networks, "public"));
    expect(outside.map(([name]) => name)).toEqual(["edge"]);
    expect(compose.networks).toMatchObject({ backend: { internal: true }, monitoring: { internal: true } });
    expect(rotator.network_mode).toBe("none");
  });
});

describe(".env.example", () => {
  it("has the variables of the compose file, all of them and no other, with the same defaults", () => {
    const variables = listVariables();
    const example = readEnvExample();
    expect(Object.keys(example).sort()).toEqual([...variables.keys()].sort());
    const optional = [...variables].filter(([, fallback]) => fallback !== undefined);
    expect(optional).toEqual(optional.map(([name]) => [name, example[name]]));
  });

  it("says where secrets lie, and holds none; git takes none of them", () => {
    const ignored = readFileSync(join(DEPLOY, "../.gitignore"), "utf8").split("\n");
    expect(ignored).toEqual(expect.arrayContaining([".env", "deploy/secrets/"]));
    const files = Object.values(compose.secrets).map(({ file }) => file);
    expect(files.filter((file) => !file.startsWith("./secrets/"))).toEqual([]);
    expect(files).toHaveLength(2);
  });

  it("belongs to a compose file that mounts only what is there", () => {
    const mounted = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(":")[0] ?? ""));
    // The edge is tested where it lies (test/edge/), and need not be in the same checkout.
    const hasEdge = existsSync(join(DEPLOY, "edge"));
    const files = mounted.filter((path) => path.startsWith("./") && (hasEdge || !path.startsWith("./edge/")));
    expect(mounted.length).toBeGreaterThan(3);
    expect(files.filter((path) => !existsSync(join(DEPLOY, path)))).toEqual([]);
  });
});

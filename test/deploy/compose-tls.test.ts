/** docker-compose.tls.yml beside the compose file: what Compose makes of both, and what each service may do then. */
import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import packageFacts from "../../package.json" with { type: "json" };
import { composeSchema } from "../means.ts";
import {
  COMPOSE_PATH,
  COMPOSE_TLS_PATH,
  type ComposeFile,
  DEPLOY,
  ENV_EXAMPLE_PATH,
  parseCompose,
  readComposeText,
  readEnvExample,
  serviceOf,
} from "./compose-file.ts";
import { judgeCompose } from "./compose-schema.ts";
import { judgeDockerfile, readCopy, readExecForm, readStages } from "./dockerfile-rules.ts";

const beside = parseCompose(readEnvExample(), COMPOSE_TLS_PATH);
const certbot = serviceOf(beside, "certbot");
const edge = serviceOf(beside, "edge");
const dockerfile = readFileSync(join(DEPLOY, "tls/Dockerfile"), "utf8");
const steps = readStages(dockerfile).at(-1)?.steps ?? [];

/** Folders of the volumes that a service mounts, with the mode. */
function mountsOf(volumes: readonly string[] = []): readonly string[] {
  return volumes.filter((volume) => !volume.startsWith("./")).sort();
}

describe.skipIf(composeSchema === undefined)("both compose files together [needs docker-compose]", () => {
  let read: ComposeFile;
  beforeAll(() => {
    const args = ["--file", COMPOSE_PATH, "--file", COMPOSE_TLS_PATH, "--env-file", ENV_EXAMPLE_PATH, "config"];
    const { stdout, stderr } = spawnSync("/usr/bin/docker-compose", args, { encoding: "utf8", env: {} });
    expect(stderr).toBe("");
    read = parse(stdout);
  });

  it("have one service more, and an edge that is hardened as before", () => {
    expect(Object.keys(read.services).sort()).toEqual(["certbot", "collector", "edge", "metrics-rotator"]);
    const merged = serviceOf(read, "edge");
    const { user, cap_drop: capDrop, read_only: isReadOnly, environment } = serviceOf(parseCompose(), "edge");
    expect(merged).toMatchObject({ user, cap_drop: capDrop, read_only: isReadOnly, init: true });
    expect(merged.environment).toEqual({ ...environment, ...edge.environment });
    expect(merged.volumes?.filter((volume) => !/:ro(,|$)/.test(volume))).toEqual([]);
  });

  it("want no file that the owner does not have", () => {
    const files = Object.values(read.secrets).map(({ file }) => file);
    expect(files).toHaveLength(3);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });

  it("are what the compose specification allows, and would not be with a key that is misspelt", () => {
    const text = readComposeText(COMPOSE_TLS_PATH);
    expect(judgeCompose(text)).toEqual([]);
    expect(judgeCompose(text.replace("read_only:", "readonly:"))).not.toEqual([]);
  });
});

describe("the service certbot", () => {
  it("runs as user 1001 with nothing that it does not need, in bounds", () => {
    expect(certbot).toMatchObject({
      user: "1001:1001",
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      init: true,
      restart: "unless-stopped",
    });
    expect(certbot).not.toHaveProperty("privileged");
    expect(certbot).not.toHaveProperty("cap_add");
    expect(certbot).not.toHaveProperty("ports");
    expect(certbot.mem_limit).toMatch(/^\d+m$/);
    expect(Number(certbot.cpus)).toBeGreaterThan(0);
    expect(certbot.pids_limit).toBeGreaterThan(0);
    expect(certbot.image).toBe(`passerby-certbot:${packageFacts.version}`);
    expect(certbot.tmpfs).toEqual(["/tmp:mode=1777,size=16m,noexec,nosuid,nodev"]);
    expect(Object.keys(certbot.networks ?? {})).toEqual(["public"]);
  });

  it("keeps its account to itself, and lets the edge read what it needs", () => {
    expect(mountsOf(certbot.volumes)).toEqual([
      "acme:/acme:rw",
      "certificate:/certificate:rw",
      "letsencrypt:/letsencrypt:rw",
    ]);
    expect(mountsOf(edge.volumes)).toEqual(["acme:/acme:ro,nocopy", "certificate:/certificate:ro,nocopy"]);
    expect(edge.environment?.["EDGE_CERTIFICATE"]).toBe(edge.environment?.["EDGE_CERTIFICATE_KEY"]);
  });

  it("gets the token as a secret and in no variable", () => {
    expect(certbot.secrets).toEqual(["cloudflare"]);
    expect(Object.keys(certbot.environment ?? {}).filter((name) => /TOKEN|CLOUDFLARE|KEY/.test(name))).toEqual([]);
    const own = parseCompose({ ...readEnvExample(), CLOUDFLARE_CREDENTIALS: "./secrets/x.ini" }, COMPOSE_TLS_PATH);
    expect(own.secrets["cloudflare"]?.file).toBe("./secrets/x.ini");
  });

  it("asks for the real certificate unless told otherwise", () => {
    expect(certbot.environment).toMatchObject({ CERTBOT_STAGING: "0", CERTBOT_CHALLENGE: "http" });
  });
});

describe("the edge beside it", () => {
  it("has scripts that are there and may be run, in the order that nginx's image takes them", () => {
    const scripts = (edge.volumes ?? []).filter((volume) => volume.startsWith("./"));
    expect(scripts.map((volume) => volume.split(":")[1])).toEqual([
      "/docker-entrypoint.d/15-wait-for-certificate.sh",
      "/docker-entrypoint.d/90-reload-on-renewal.sh",
    ]);
    const modes = scripts.map((volume) => statSync(join(DEPLOY, volume.split(":")[0] ?? "")).mode & 0o555);
    expect(modes).toEqual([0o555, 0o555]);
  });
});

describe("the image of certbot", () => {
  it("breaks no rule for Dockerfiles, and is named by a whole version", () => {
    expect(judgeDockerfile(dockerfile)).toEqual([]);
    expect(judgeDockerfile(dockerfile.replace(/:v[\d.]+/, ":latest"))).toEqual(["DL3006"]);
  });

  it("makes the folders of the volumes for user 1001", () => {
    const made = steps.find(({ word }) => word === "RUN");
    const words = (made && readExecForm(made)) ?? [];
    const folders = (certbot.volumes ?? []).map((volume) => volume.split(":")[1] ?? "");
    expect(words.slice(0, 6)).toEqual(["install", "-d", "-o", "1001", "-g", "1001"]);
    expect(words.filter((word) => word.startsWith("/")).sort()).toEqual(folders.sort());
  });

  it("has every script that runs there, and the health check of the compose file", () => {
    const copied = steps.filter(({ word }) => word === "COPY").flatMap((step) => readCopy(step).sources);
    const mounted = (edge.volumes ?? []).flatMap((volume) => /^\.\/tls\/([\w-]+\.sh):/.exec(volume)?.[1] ?? []);
    const elsewhere = [...mounted, "reload-nginx.sh"];
    expect([...copied, ...elsewhere].sort()).toEqual(globSync("*.sh", { cwd: join(DEPLOY, "tls") }).sort());
    const check = steps.find(({ word }) => word === "HEALTHCHECK");
    expect(["CMD", ...((check && readExecForm(check)) ?? [])]).toEqual(certbot.healthcheck?.test);
  });
});

/** Compose files as Compose merges them, other people's ways of writing them, and which service is which in those. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readService } from "../../src/doctor/deployment/compose/compose-service.ts";
import { rolesOf } from "../../src/doctor/deployment/compose/service-roles.ts";
import { readCompose } from "../../src/doctor/deployment/compose-project.ts";
import { readEnvFile } from "../../src/doctor/deployment/env-file.ts";
import { composeSchema, isLong } from "../means.ts";
import { complaintsOf, type Deployment, makeGoodDeployment } from "./good-deployment.ts";

let deployment: Deployment;
afterEach(() => deployment.remove());

const OVERRIDES = ["docker-compose.apparmor.yml", "docker-compose.tls.yml", "docker-compose.backup.yml"];

function withFiles(files: Readonly<Record<string, string>>): (name: string) => string {
  deployment = makeGoodDeployment();
  for (const [name, text] of Object.entries(files)) deployment.write(name, text);
  return (name) => join(deployment.dir, name);
}

describe("files that are laid over the good one", () => {
  it.each(OVERRIDES)("%s gives no complaint", async (name) => {
    deployment = makeGoodDeployment();
    const composeOverrides = [join(deployment.dir, "deploy", name)];
    expect(await complaintsOf({ ...deployment.options, composeOverrides })).toEqual([]);
  });

  it("are seen, with the file in which a value stands", async () => {
    const at = withFiles({ "deploy/more.yml": "services:\n  collector:\n    security_opt: [seccomp=unconfined]\n" });
    const complaints = await complaintsOf({ ...deployment.options, composeOverrides: [at("deploy/more.yml")] });
    expect(complaints).toEqual([expect.stringMatching(/^security\.confined: .*deploy\/more\.yml:3/)]);
  });

  it.skipIf(composeSchema === undefined || !isLong)(
    "are merged as docker-compose merges them [needs docker-compose] [needs long]",
    () => {
      deployment = makeGoodDeployment();
      const paths = ["docker-compose.full.yml", ...OVERRIDES].map((name) => join(deployment.dir, "deploy", name));
      const env = join(deployment.dir, "deploy/.env");
      const args = [...paths.flatMap((path) => ["--file", path]), "--env-file", env, "config"];
      const { stdout, stderr } = spawnSync("/usr/bin/docker-compose", args, { encoding: "utf8", env: {} });
      const real: { services: Record<string, Record<string, unknown>> } = parse(stdout);
      const ours = readCompose(paths[0] ?? "", readEnvFile(env), paths.slice(1));
      expect(stderr).toBe("");
      expect([...ours.services].sort()).toEqual(Object.keys(real.services).sort());
      for (const name of ours.services) {
        const service = readService(ours, name);
        const texts = (key: string): readonly string[] => [real.services[name]?.[key] ?? []].flat().map(String).sort();
        expect(Object.fromEntries(service.environment), name).toEqual(real.services[name]?.["environment"] ?? {});
        for (const key of ["security_opt", "cap_drop", "tmpfs"])
          expect([...service.list(key)].sort(), name).toEqual(texts(key));
        const mounts = service.mounts.filter(({ kind }) => kind !== "tmpfs").map(({ target }) => target);
        expect(new Set(mounts), name).toEqual(new Set(texts("volumes").map((text) => text.split(":")[1] ?? "")));
      }
    },
  );
});

describe("a compose file of somebody else", () => {
  const OTHER = `
services:
  proxy:
    image: caddy:2.8.4
    ports: [{ target: 443, published: 443 }, { target: 80, published: 80 }]
    networks: [front, back]
  stats:
    extends: { service: base }
    image: registry.example.org/team/passerby:0.1.0
    command: start --host=0.0.0.0
    env_file: stats.env
    environment:
      - TRUSTED_PROXIES=10.1.0.2
      - METRICS_WORKERS
    volumes:
      - { type: volume, source: events, target: /data }
    networks: { back: { aliases: [collector] } }
  janitor:
    image: registry.example.org/team/passerby:0.1.0
    entrypoint: ["sh", "-c", "exec node dist/server/passerby.js rotate --interval=60 --delete-after-days 7"]
    volumes: ["events:/data"]
  base:
    user: "2000"
    read_only: true
networks: { front: {}, back: { internal: true } }
volumes: { events: {} }
`;

  it("is understood by what its services run", () => {
    const at = withFiles({
      "other/compose.yml": OTHER,
      "other/stats.env": "ALLOWED_ORIGINS=https://a.org\n",
      "other/.env": "METRICS_WORKERS=2\n",
    });
    const { collector, rotators, edge } = rolesOf(readCompose(at("other/compose.yml"), readEnvFile(at("other/.env"))));
    expect([collector?.name, rotators.map(({ name }) => name), edge?.name]).toEqual(["stats", ["janitor"], "proxy"]);
    expect(Object.fromEntries(collector?.environment ?? [])).toEqual({
      ...{ ALLOWED_ORIGINS: "https://a.org", TRUSTED_PROXIES: "10.1.0.2", METRICS_WORKERS: "2" },
    });
    expect([collector?.text("user"), collector?.text("read_only")]).toEqual(["2000", "true"]);
    expect(collector?.mounts).toMatchObject([{ kind: "volume", source: "events", target: "/data", isReadOnly: false }]);
    expect(edge?.ports.map(({ published, target }) => [published, target])).toEqual([
      ["443", "443"],
      ["80", "80"],
    ]);
    expect(rotators[0]?.words.slice(-4)).toEqual(["rotate", "--interval=60", "--delete-after-days", "7"]);
  });

  it("is told what is not as asked, and nothing that is", async () => {
    const at = withFiles({
      "other/compose.yml": OTHER,
      "other/stats.env": "ALLOWED_ORIGINS=https://a.org,https://www.a.org\n",
      "other/.env": "METRICS_WORKERS=2\n",
    });
    const options = {
      ...deployment.options,
      compose: at("other/compose.yml"),
      env: at("other/.env"),
      nginx: undefined,
    };
    const ids = (await complaintsOf(options)).map((complaint) => complaint.split(":")[0]);
    expect(ids).toContain("rotation.same-retention");
    expect(ids).toContain("rotation.sidecar-name");
    expect(ids).toContain("security.capabilities-dropped");
    for (const fine of [
      "cors.origins-set",
      "rotation.sidecar",
      "rotation.flags-accepted",
      "rotation.data-writable",
      "rotation.same-data",
      "rotation.same-image",
      "environment.collector-command",
      "environment.compose-valid",
      "security.edge-published",
      "security.edge-connected",
      "environment.variables-used",
    ]) {
      expect(ids).not.toContain(fine);
    }
  });

  it("replaces with !override and takes away with !reset", () => {
    const at = withFiles({
      "other/a.yml": 'services:\n  web:\n    image: x:1.0\n    ports: ["80:80"]\n    user: root\n    command: [a, b]\n',
      "other/b.yml": 'services:\n  web:\n    ports: !override ["8080:80"]\n    user: !reset null\n    command: [c]\n',
    });
    const web = readService(readCompose(at("other/a.yml"), undefined, [at("other/b.yml")]), "web");
    expect([web.ports.map(({ published }) => published), web.text("user"), web.words]).toEqual([
      ["8080"],
      undefined,
      ["c"],
    ]);
  });
});

describe("files that take in others", () => {
  /** The good compose file in a folder of its own, taken in by a small one. */
  function withIncluded(include: string): string {
    deployment = makeGoodDeployment();
    const good = readFileSync(join(deployment.dir, "deploy/docker-compose.full.yml"), "utf8");
    deployment.write(
      "deploy/parts/metrics.yml",
      good.replaceAll(/(?<=[ "])\.\//g, "../").replaceAll("context: ..", "context: ../.."),
    );
    deployment.write("deploy/main.yml", include);
    return join(deployment.dir, "deploy/main.yml");
  }
  const complaints = (compose: string): Promise<readonly string[]> => complaintsOf({ ...deployment.options, compose });

  it.each([
    ["a path", "include: [parts/metrics.yml]\n"],
    ["a path of its own key", "include:\n  - path: ./parts/metrics.yml\n"],
  ])("give no complaint about what is included by %s", async (_, include) => {
    expect(await complaints(withIncluded(include))).toEqual([]);
  });

  it("are judged with the file and line in which a fault stands", async () => {
    const main = withIncluded("include:\n  - path: [parts/metrics.yml, parts/over.yml]\n");
    deployment.write("deploy/parts/over.yml", "services:\n  collector:\n    security_opt: [seccomp=unconfined]\n");
    expect(await complaints(main)).toEqual([
      expect.stringMatching(/^security\.confined: .*deploy\/parts\/over\.yml:3/),
    ]);
  });

  it("may name them from the root of the machine, and by a variable", async () => {
    const main = withIncluded("");
    deployment.write(
      "deploy/main.yml",
      `include: ["\${PARTS:-${join(deployment.dir, "deploy/parts")}}/metrics.yml"]\n`,
    );
    expect(await complaints(main)).toEqual([]);
  });

  it("extend a service of another file, whose paths are seen from its own folder", () => {
    const at = withFiles({
      "deploy/parts/base.yml": "services:\n  base:\n    image: passerby\n    volumes: ['./data:/data', 'log:/log']\n",
      "deploy/main.yml":
        "services:\n  collector:\n    extends: { file: parts/base.yml, service: base }\n    user: '1001'\n",
    });
    const service = readService(readCompose(at("deploy/main.yml"), undefined), "collector");
    expect([service.text("image"), service.text("user")]).toEqual(["passerby", "1001"]);
    expect(service.mounts.map(({ source }) => source)).toEqual(["./parts/data", "log"]);
  });

  it("may extend a service of the same file by the file's name", () => {
    const at = withFiles({
      "main.yml": "services:\n  a: { image: x }\n  b: { extends: { file: ./main.yml, service: a }, user: '1001' }\n",
    });
    const service = readService(readCompose(at("main.yml"), undefined), "b");
    expect([service.text("image"), service.text("user")]).toEqual(["x", "1001"]);
  });

  it.each([
    ["services:\n  a: { extends: b }\n  b: { extends: a }\n", /it extends a, which extends it.*main\.yml:3/],
    ["services:\n  a: { extends: z }\n", /it extends z, which is not there.*main\.yml:2/],
    ["services:\n  a: { extends: { file: parts/metrics.yml, service: z } }\n", /extends z, which is not there/],
    ["include: [missing.yml]\n", /no such file.*missing\.yml.*main\.yml:1/],
    ["include: [main.yml]\n", /takes itself in.*main\.yml:1/],
    ["include: [{ env_file: .env }]\n", /names no file.*main\.yml:1/],
    ["include: [parts/metrics.yml]\nservices:\n  collector: { image: other }\n", /Compose refuses.*main\.yml:3/],
  ])("say where %j is wrong", async (text, message) => {
    const found = await complaints(withIncluded(text));
    expect(found.join("\n")).toMatch(message);
  });
});

/** The Dockerfile and what is sent to its builder, judged without a builder. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import packageFacts from "../../package.json" with { type: "json" };
import { DEPLOY } from "./compose-file.ts";
import { judgeDockerfile, RULES, readCopy, readExecForm, readStages, type Stage } from "./dockerfile-rules.ts";
import { readDockerignore } from "./dockerignore.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const text = readFileSync(`${DEPLOY}Dockerfile`, "utf8");
const stages = readStages(text);
const isIgnored = readDockerignore();

function stageNamed(name: string | undefined): Stage {
  const stage = name === undefined ? stages.at(-1) : stages.find((each) => each.name === name);
  if (stage === undefined) throw new Error(`no stage ${name}`);
  return stage;
}

function copiesOf(stage: Stage): readonly ReturnType<typeof readCopy>[] {
  return stage.steps.filter(({ word }) => word === "COPY").map(readCopy);
}

describe("the Dockerfile", () => {
  it("breaks no rule", () => {
    expect(judgeDockerfile(text).map((name) => RULES[name]?.says ?? name)).toEqual([]);
  });

  it.each([
    ["DL3006", "FROM node:24.21.0-bookworm-slim\n", "FROM node:latest\n"],
    ["DL3006", "FROM node:24.21.0-bookworm-slim AS build", "FROM node:24 AS build"],
    ["DL3002", "USER 1001:1001\n", ""],
    ["DL3002", "USER 1001:1001\n", "USER root\n"],
    ["DL3020", "COPY src/ src/", "ADD src/ src/"],
    ["DL3025", 'CMD ["start", "--host", "0.0.0.0"]', "CMD start --host 0.0.0.0"],
    ["DL3025", 'CMD ["node", "/app/is-healthy.ts", "collector"]', "CMD curl -f http://127.0.0.1:8001"],
    ["DL3000", "WORKDIR /src", "WORKDIR src"],
    ["DL3004", 'RUN ["node", "scripts/build.ts"]', "RUN sudo node scripts/build.ts"],
    ["DL3009", 'RUN ["node", "scripts/build.ts"]', "RUN apt-get install --no-install-recommends tini"],
    ["DL3015", 'RUN ["node", "scripts/build.ts"]', "RUN apt-get install \\\n  tini && rm -rf /var/lib/apt/lists/*"],
    ["DL3016", '"npm", "ci", "--omit=dev"', '"npm", "install", "--omit=dev"'],
    ["DL4000", "WORKDIR /src", "WORKDIR /src\nMAINTAINER somebody"],
    ["DL3045", "WORKDIR /src\n", ""],
    ["DL3022", "--from=build /src/dist/tracker/", "--from=builder /src/dist/tracker/"],
    ["DL3012", "CMD [", 'CMD ["rotate"]\nCMD ['],
    ["owner", "COPY --chown=0:0 package.json", "COPY package.json"],
    ["secret", "ENV NODE_ENV=production", "ENV NPM_TOKEN=1 NODE_ENV=production"],
  ])("would break %s with %j changed into %j", (rule, before, after) => {
    expect(text).toContain(before);
    expect(judgeDockerfile(text.replace(before, after))).toContain(rule);
  });

  it("has the versions of this repository in its labels and of its Node in its images", () => {
    const labels = stageNamed(undefined).steps.find(({ word }) => word === "LABEL")?.rest ?? "";
    expect(labels).toContain(`org.opencontainers.image.version="${packageFacts.version}"`);
    expect(labels).toContain(`org.opencontainers.image.description="${packageFacts.description}"`);
    expect(labels).toContain(`org.opencontainers.image.licenses="${packageFacts.license}"`);
    expect(labels).toContain(`org.opencontainers.image.base.name="docker.io/library/${stageNamed(undefined).image}"`);
    expect(stages.map(({ image }) => image)).toEqual(Array(3).fill("node:24.21.0-bookworm-slim"));
  });

  it("runs the command as npm run passerby does", () => {
    const entry = stageNamed(undefined).steps.find(({ word }) => word === "ENTRYPOINT");
    const [node, ...words] = (entry && readExecForm(entry)) ?? [];
    expect([node, ...words.map((word) => word.replace("/app/", ""))].join(" ")).toBe(packageFacts.scripts.passerby);
  });

  it("installs no development dependency where the image takes its packages from", () => {
    const [install] = stageNamed("production").steps.filter(({ rest }) => rest.includes('"npm"'));
    expect(install && readExecForm(install)).toEqual(["npm", "ci", "--omit=dev", "--ignore-scripts"]);
    expect(copiesOf(stageNamed(undefined)).find(({ target }) => target === "node_modules/")?.from).toBe("production");
  });
});

describe("what the Dockerfile copies", () => {
  const all = stages.flatMap(copiesOf);

  it("is sent to the builder, and is there", () => {
    const sources = all.filter(({ from }) => from === undefined).flatMap((copy) => copy.sources);
    const found = sources.map((source) => ({ source, paths: globSync(source.replace(/\/$/, ""), { cwd: ROOT }) }));
    expect(found.filter(({ paths }) => paths.length === 0 || paths.some(isIgnored))).toEqual([]);
  });

  it("is made by the build, or by a step of the stage it comes from", () => {
    const sources = all.filter(({ from }) => from !== undefined);
    expect(sources.length).toBeGreaterThan(3);
    for (const { from, sources: paths } of sources) {
      for (const path of paths) {
        const isBuilt = path.startsWith("/src/dist/") && existsSync(ROOT + path.slice("/src/".length));
        const isMade = stageNamed(from).steps.some(
          ({ word, rest }) =>
            (word === "RUN" && rest.includes(`"${path.replace(/\/$/, "")}"`)) ||
            (path === "/app/node_modules/" && rest.includes('"npm", "ci"')),
        );
        expect([path, isBuilt || isMade]).toEqual([path, true]);
      }
    }
  });

  it("is all that the build reads", () => {
    const inputs = ["scripts/build.ts", "scripts/build-tracker.ts", "cmd/passerby.ts", "src/event.ts", "site/main.ts"];
    const copied = copiesOf(stageNamed("build")).flatMap(({ sources }) => sources);
    expect(inputs.filter((path) => !copied.some((source) => path.startsWith(source)) || isIgnored(path))).toEqual([]);
  });
});

describe(".dockerignore", () => {
  it("keeps out what was collected, what is secret, and what is no source", () => {
    const kept = [
      ".git/config",
      ".gitignore",
      ".env",
      "deploy/.env",
      "deploy/secrets/privkey.pem",
      "deploy/docker-compose.full.yml",
      "data/metrics.jsonl",
      "data/keys.json",
      "data/salt-2026-11-30",
      "src/data/metrics-2026-11-30.1.jsonl.gz",
      "site/metrics.jsonl",
      "src/keys.json",
      "site/.env",
      "site/.env.local",
      "src/server.key",
      "cmd/privkey.pem",
      "node_modules/fastify/package.json",
      "site/node_modules/x/index.js",
      "dist/server/passerby.js",
      "test/means.ts",
      "src/config.test.ts",
      "docs/guide/script-tag.md",
    ];
    expect(kept.filter((path) => !isIgnored(path))).toEqual([]);
  });

  it("lets every source through", () => {
    const sources = globSync(["{cmd,scripts,src,site}/**/*.{ts,tsx,mjs,sql,css,html,json,md,svg}"], { cwd: ROOT });
    const files = sources.filter((path) => !path.endsWith(".test.ts"));
    expect(files.length).toBeGreaterThan(200);
    expect(files.filter(isIgnored)).toEqual([]);
  });
});

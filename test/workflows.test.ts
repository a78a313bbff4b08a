/** Holds that the workflows are valid, may do no more than they need, and run commands that exist; the smoke test is run. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { validateWorkflow } from "@action-validator/core";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import packageFacts from "../package.json" with { type: "json" };
import { curl } from "./means.ts";
import { startCommand } from "./support/command.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const FILES = globSync(".github/workflows/*.yml", { cwd: ROOT }).toSorted();

type Step = { readonly uses?: string; readonly run?: string };
type Job = { readonly "timeout-minutes"?: number; readonly steps: readonly Step[] };
type Workflow = { readonly permissions?: object; readonly jobs: Readonly<Record<string, Job>> };

const textOf = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const read = (file: string): Workflow => parse(textOf(file));
const jobsOf = (file: string): readonly Job[] => Object.values(read(file).jobs);
const stepsOf = (file: string): readonly Step[] => jobsOf(file).flatMap(({ steps }) => steps);

test("there are those that the production checklist names", () => {
  const names = FILES.map((file) => basename(file));
  expect(names).toEqual(expect.arrayContaining(["backend-tests.yml", "ci.yml", "e2e-metrics.yml", "public-smoke.yml"]));
});

describe.each(FILES)("%s", (file) => {
  test("is a valid workflow", () => {
    expect(validateWorkflow(textOf(file)).errors).toEqual([]);
  });

  test("may read at most where it says nothing else, and ends by itself", () => {
    expect([{}, { contents: "read" }]).toContainEqual(read(file).permissions);
    for (const job of jobsOf(file)) expect(job["timeout-minutes"]).toBeGreaterThan(0);
  });

  test("uses actions of one commit only, with its version beside it", () => {
    const lines = textOf(file)
      .split("\n")
      .filter((line) => line.includes("uses:"));
    expect(lines).toHaveLength(stepsOf(file).filter(({ uses }) => uses !== undefined).length);
    for (const line of lines) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[\da-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test("runs scripts of the package and files that are there", () => {
    const commands = stepsOf(file).flatMap(({ run = "" }) => run.replaceAll("\\\n", " ").split("\n"));
    for (const [, name = ""] of commands.flatMap((line) => [...line.matchAll(/npm run ([\w-]+)/g)])) {
      expect(Object.keys(packageFacts.scripts)).toContain(name);
    }
    const paths = commands.flatMap((line) => [...line.matchAll(/(?:^| )((?:src|cmd|test|deploy|scripts)\/[\w./-]*)/g)]);
    for (const [, path = ""] of paths) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
    for (const line of commands.filter((one) => one.startsWith("npm test --"))) {
      expect(line.replace("npm test --", "").trim().split(/\s+/)).not.toContain("");
    }
  });
});

test("Dependabot looks at every image, action and package that has a version", () => {
  type Update = { readonly "package-ecosystem": string; readonly directory?: string; readonly directories?: string[] };
  const { updates }: { updates: readonly Update[] } = parse(textOf(".github/dependabot.yml"));
  const looked = updates.flatMap((update) =>
    [update.directory ?? [], update.directories ?? []].flat().map((folder) => [update["package-ecosystem"], folder]),
  );
  const folderOf = (file: string): string => `/${file.split("/").slice(0, -1).join("/")}`;
  const foldersOf = (pattern: string, says: RegExp): ReadonlySet<string> =>
    new Set(globSync(pattern, { cwd: ROOT }).flatMap((file) => (says.test(textOf(file)) ? [folderOf(file)] : [])));
  expect(looked.toSorted()).toEqual(
    [
      ...[...foldersOf("{deploy,site,test}/**/Dockerfile", /^FROM /m)].map((folder) => ["docker", folder]),
      ...[...foldersOf("{deploy,site,test}/**/*.yml", /^ +image: /m)].map((folder) => ["docker-compose", folder]),
      ["npm", "/"],
      ["github-actions", "/"],
    ].toSorted(),
  );
});

test("nothing that anybody can write, such as a title or a branch, comes into a command by itself", () => {
  const runs = FILES.flatMap(stepsOf).flatMap(({ run }) => run ?? []);
  expect(runs.filter((run) => run.includes("${{"))).toEqual([]);
});

describe.skipIf(curl === undefined)("the public smoke test [needs curl]", () => {
  const runAll = (url: string): readonly boolean[] => {
    const folder = mkdtempSync(join(tmpdir(), "passerby-smoke-"));
    const passed = stepsOf(".github/workflows/public-smoke.yml").map(({ run = "" }) => {
      // As a runner calls it.
      const command = ["--noprofile", "--norc", "-eo", "pipefail", "-c", run];
      return spawnSync("bash", command, { cwd: folder, env: { ...process.env, SMOKE_URL: url } }).status === 0;
    });
    rmSync(folder, { recursive: true });
    return passed;
  };

  test("passes for a collector that is well, and no step of it for one that is gone", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "passerby-smoked-"));
    const server = await startCommand(["--data-dir", dataDir]);
    expect(runAll(server.url)).toEqual([true, true, true]);
    server.process.kill("SIGTERM");
    await once(server.process, "close");
    expect(runAll(server.url)).toEqual([false, false, false]);
    rmSync(dataDir, { recursive: true });
  });
});

/** How many of all small changes to the files of the edge the doctor notices, and which it does not. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CHECKS } from "../../src/doctor/catalogue.ts";
import { type Given, openInputs } from "../../src/doctor/inputs.ts";
import { runChecks } from "../../src/doctor/run-checks.ts";
import { isLong, nginx } from "../means.ts";
import { HARMLESS } from "./faults/harmless-mutations.ts";
import { type Deployment, makeGoodDeployment } from "./good-deployment.ts";
import { type Mutant, mutate } from "./mutate-nginx.ts";

/** In a short run every so-manieth is tried. */
const STEP = isLong ? 1 : 83;
/** Share that must be noticed; docs say what was measured. */
const LEAST = 0.95;
/** Files that nothing reads until they are turned on, and that no check puts there in thought. */
const IDLE = /^passerby\/available\/cdn/;

let deployment: Deployment;
beforeAll(() => {
  deployment = makeGoodDeployment();
  // With IPv6, whatever this machine has.
  deployment.patch("deploy/edge/docker-entrypoint.d/16-passerby.envsh", "[ -s /proc/net/if_inet6 ]", "true");
});
afterAll(() => deployment.remove());

const isOfEdge = new Set(CHECKS.filter(({ needs }) => needs.includes("nginx")).map(({ id }) => id));

/** Names of the checks that complain; `base` lends what no mutant changes. */
async function findersOf(base: Given, path: string): Promise<readonly string[]> {
  const { options } = deployment;
  const fresh = openInputs({ ...options, environment: { PATH: path } });
  const given: Given = { ...fresh, may: (name) => (name === "nginx" ? fresh.may(name) : base.may(name)) };
  const needing: Given = { ...given, need: (name) => (name === "nginx" ? fresh.need(name) : base.need(name)) };
  const results = await runChecks(needing, { isAsked: ({ id }) => isOfEdge.has(id) });
  const broken = results.filter(({ isBroken }) => isBroken);
  if (broken.length > 0) throw new Error(JSON.stringify(broken));
  return results
    .filter(({ finding: { verdict } }) => verdict === "fail" || verdict === "warn")
    .map(({ check }) => check.id);
}

async function isNoticed(base: Given, { file, text }: Mutant): Promise<boolean> {
  const path = `deploy/edge/${file}`;
  const before = readFileSync(join(deployment.dir, path), "utf8");
  deployment.write(path, text);
  try {
    if ((await findersOf(base, "/usr/bin:/bin")).length > 0) return true;
    return (await findersOf(base, "/usr/sbin:/usr/bin:/bin")).length > 0;
  } finally {
    deployment.write(path, before);
  }
}

it.skipIf(nginx === undefined)(
  "notices nearly every small change, and names those that it does not [needs nginx]",
  async () => {
    const folder = join(deployment.dir, "deploy/edge");
    const files = globSync(["**/*.conf", "templates/*.template"], { cwd: folder }).filter((file) => !IDLE.test(file));
    const all = files.sort().flatMap((file) => mutate(file, readFileSync(join(folder, file), "utf8")));
    const mutants = all
      .filter(({ name }) => !HARMLESS.some(({ is }) => is.test(name)))
      .filter((_, index) => index % STEP === 0);
    const base = openInputs(deployment.options);
    const missed: string[] = [];
    for (const mutant of mutants) if (!(await isNoticed(base, mutant))) missed.push(mutant.name);
    const share = 1 - missed.length / mutants.length;
    console.log(
      `${mutants.length} of ${all.length} mutants tried, ${(share * 100).toFixed(1)} % noticed${missed.map((name) => `\n  missed: ${name}`).join("")}`,
    );
    expect(share).toBeGreaterThanOrEqual(LEAST);
  },
  isLong ? 600_000 : 60_000,
);

it("has a reason for each change that it calls harmless", () => {
  const folder = join(deployment.dir, "deploy/edge");
  const names = globSync(["**/*.conf", "templates/*.template"], { cwd: folder }).flatMap((file) =>
    mutate(file, readFileSync(join(folder, file), "utf8")).map(({ name }) => name),
  );
  expect(HARMLESS.filter(({ is }) => !names.some((name) => is.test(name)))).toEqual([]);
});

/** The README's section on privacy, looked for in a real repository. */
import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openInputs } from "../../src/doctor/inputs.ts";
import { runChecks } from "../../src/doctor/run-checks.ts";
import { type Deployment, makeGoodDeployment } from "./good-deployment.ts";

let deployment: Deployment;
beforeEach(() => {
  deployment = makeGoodDeployment();
  spawnSync("git", ["init", "--quiet", deployment.dir]);
});
afterEach(() => deployment.remove());

/** What the one check finds, `verdict: evidence`. */
async function examine(): Promise<string> {
  const repo = deployment.dir;
  const given = openInputs({ ...deployment.options, repo });
  const [result] = await runChecks(given, { isAsked: ({ id }) => id === "privacy.readme-section" });
  const finding = result?.finding;
  if (finding === undefined || finding.verdict === "skipped") return `skipped: ${finding?.reason}`;
  return `${finding.verdict}: ${finding.evidence.map(({ found, where }) => `${found} ${where?.slice(repo.length)}`)}`;
}

test("finds the section, with its line, whatever it is called beside the word", async () => {
  deployment.write("README.md", "# A shop\n\nText.\n\n## Data protection and you\n\nWe count visits.\n");
  expect(await examine()).toBe("pass: ## Data protection and you /README.md:5");
});

test("does not take a mention for a section", async () => {
  deployment.write("README.md", "# A shop\n\nFor privacy see elsewhere.\n");
  expect(await examine()).toBe("fail: (none) /README.md");
});

test("says where there is no README", async () => {
  expect(await examine()).toBe("fail: (none) ");
});

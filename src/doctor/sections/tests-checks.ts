/** Section 8: that there are tests, that they pass, and that CI runs them and is green. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Check, type Evidence, type Finding, fail, pass, skip, warn } from "../check.ts";
import type { Given } from "../inputs.ts";
import { findBrowserTests } from "../testing/browser-tests.ts";
import { readPackage } from "../testing/package-scripts.ts";
import { listLacking } from "../testing/workflow-commands.ts";
import { readWorkflows, WORKFLOW_FOLDER, WORKFLOWS } from "../testing/workflow-files.ts";
import { GithubRefusal, listRuns } from "../testing/workflow-runs.ts";

const OPENS = "version-control.repository-opens";
/** What npm init writes. */
const NO_TESTS = /no test specified/;
const PINNED = /^(\.{1,2}\/|docker:\/\/.+@sha256:[\da-f]{64}$|[^@]+@[\da-f]{40}$)/;

async function checkScript(given: Given): Promise<Finding> {
  const { path } = await given.need("repo");
  const facts = readPackage(path);
  const script = facts?.scripts.get("test");
  const seen = { what: "scripts.test", found: script ?? "(none)", where: join(path, "package.json") };
  if (script !== undefined && !NO_TESTS.test(script)) return pass(seen);
  return fail([seen], { text: "Give package.json a script test that runs every test, and fails when one does." });
}

async function checkRun(given: Given): Promise<Finding> {
  const { path } = await given.need("repo");
  const { code, lastLine, tail } = await given.need("run_tests");
  const seen = { what: `npm test, exit code ${code ?? "none"}`, found: lastLine, where: path };
  if (code !== 0) return fail([seen], { text: "Run npm test by itself, and mend what it names." });
  const lacks = [...new Set([...tail.matchAll(/\d+ need [^;()]+\(not installed\)/g)].map(([text]) => text))];
  if (lacks.length === 0) return pass(seen);
  return warn([seen, { what: "skipped", found: lacks.join("; ") }], {
    text: "Install what is named: a test that did not run proves nothing.",
  });
}

async function checkBrowserTests(given: Given): Promise<Finding> {
  const repo = await given.need("repo");
  const { files, playwrightConfig } = findBrowserTests(repo);
  if (files.length === 0) {
    return fail([{ what: "tests that import a driver of browsers", found: "(none)", where: repo.path }], {
      text: "Write tests that open a page in a real browser and look at what the collector stored.",
    });
  }
  return pass({
    what: "tests in a browser",
    found: `${files.length} files, among them ${files[0]}; run by ${playwrightConfig === undefined ? "npm test, since there is no playwright.config: npx playwright test finds nothing here" : "npx playwright test"}`,
    where: repo.path,
  });
}

async function checkBrowserRun(given: Given): Promise<Finding> {
  const repo = await given.need("repo");
  const { tail, lastLine } = await given.need("run_tests");
  const [lack] = /\d+ need [^;()]*(chromium|browser)[^;]*/i.exec(tail) ?? [];
  if (lack !== undefined) {
    return fail([{ what: "skipped by npm test", found: lack }], { text: "Install Chromium, then run npm test again." });
  }
  return pass({ what: "npm test, which runs them", found: lastLine, where: repo.path });
}

async function checkWorkflowsThere(given: Given): Promise<Finding> {
  const { root } = await given.need("repo");
  const missing = WORKFLOWS.filter((name) => !existsSync(join(root, WORKFLOW_FOLDER, name)));
  if (missing.length === 0) return pass({ what: WORKFLOW_FOLDER, found: WORKFLOWS.join(", "), where: root });
  return fail(
    missing.map((name) => ({ what: "workflow", found: "(none)", where: `${WORKFLOW_FOLDER}/${name}` })),
    { text: "Add the workflow: ours has all four to begin with." },
  );
}

async function checkWorkflowsParse(given: Given): Promise<Finding> {
  const { root } = await given.need("repo");
  const workflows = readWorkflows(root);
  const problems = workflows.flatMap(({ name, problem }) =>
    problem === undefined ? [] : [{ what: name, ...problem }],
  );
  if (problems.length > 0)
    return fail(problems, { text: "Mend the line: GitHub does not start the workflow as it is." });
  if (workflows.length === 0) return skip("there is no workflow");
  return pass({ what: "workflows", found: `${workflows.length} parse`, where: WORKFLOW_FOLDER });
}

async function checkWorkflowCommands(given: Given): Promise<Finding> {
  const repo = await given.need("repo");
  const workflows = readWorkflows(repo.root);
  const lacking = workflows.flatMap(({ name, steps }) =>
    listLacking(repo, steps).map(({ found, where }) => ({ what: name, found, where })),
  );
  if (lacking.length > 0) return fail(lacking, { text: "Call what is there: each run of this step fails." });
  if (workflows.length === 0) return skip("there is no workflow");
  return pass({ what: "commands", found: "each script and file that the workflows call is there" });
}

async function checkPinned(given: Given): Promise<Finding> {
  const { root } = await given.need("repo");
  const steps = readWorkflows(root).flatMap((workflow) => workflow.steps.filter(({ uses }) => uses !== ""));
  const open: readonly Evidence[] = steps
    .filter(({ uses }) => !PINNED.test(uses))
    .map(({ uses, where }) => ({ what: "uses", found: uses, where }));
  if (open.length === 0) return pass({ what: "actions", found: `${steps.length} uses, each of one commit` });
  return warn(open, {
    text: "Name the commit and leave the version as a comment, uses: owner/action@<40 hex digits> # v1.2.3: a tag can be moved to other code.",
  });
}

async function checkGreen(given: Given): Promise<Finding> {
  await given.need("github");
  try {
    const runs = await listRuns(given, WORKFLOWS);
    const seen = runs.map(({ workflow, ended, where }) => ({ what: workflow, found: ended, where }));
    const bad = seen.filter(({ found }) => /failure|timed_out|cancelled|action_required|stale/.test(found));
    if (bad.length > 0) return fail(bad, { text: "Open the run that is named, and mend what failed." });
    const open = seen.filter(({ found }) => found !== "success");
    if (open.length > 0) return warn(open, { text: "Start the workflow, or wait for it to end, then ask again." });
    return pass(...seen);
  } catch (error) {
    if (error instanceof GithubRefusal) return skip(error.message);
    throw error;
  }
}

type Facts = Pick<Check, "id" | "line" | "severity" | "asks" | "how" | "remedy" | "run"> & Partial<Check>;

function repositoryCheck(facts: Facts): Check {
  return { needs: ["repo"], ...facts, after: [OPENS, ...(facts.after ?? [])] };
}

export const TESTS_CHECKS: readonly Check[] = [
  repositoryCheck({
    id: "tests.script",
    line: "8.1",
    severity: "high",
    asks: "The repository has tests that npm test runs",
    how: "Reads the script test of package.json.",
    remedy: "Give package.json a script test that runs every test.",
    run: checkScript,
  }),
  repositoryCheck({
    id: "tests.pass",
    line: "8.1",
    severity: "high",
    asks: "npm test passes",
    how: "Runs it in the repository, shows its output, and takes its exit code; only with --run-tests.",
    remedy: "Run npm test, and mend what it names.",
    needs: ["repo", "run_tests"],
    after: ["tests.script"],
    run: checkRun,
  }),
  repositoryCheck({
    id: "tests.browser",
    line: "8.3",
    severity: "medium",
    asks: "There are tests in a real browser",
    how: "Looks for tracked tests that import Playwright, Puppeteer, WebdriverIO or Cypress.",
    remedy: "Write tests that open a page in a browser and look at what was stored.",
    run: checkBrowserTests,
  }),
  repositoryCheck({
    id: "tests.browser-pass",
    line: "8.3",
    severity: "high",
    asks: "The tests in a browser pass",
    how: "npx playwright test of the checklist is npm test here: it is run once for both lines, and must not have skipped the browser; only with --run-tests.",
    remedy: "Install Chromium, run npm test, and mend what it names.",
    needs: ["repo", "run_tests"],
    after: ["tests.browser", "tests.script", "tests.pass"],
    run: checkBrowserRun,
  }),
  repositoryCheck({
    id: "tests.workflows",
    line: "8.4",
    severity: "medium",
    asks: "The workflows ci.yml, backend-tests.yml, public-smoke.yml and e2e-metrics.yml are there",
    how: "Looks into .github/workflows.",
    remedy: "Add the workflow that is missing.",
    run: checkWorkflowsThere,
  }),
  repositoryCheck({
    id: "tests.workflows-parse",
    line: "8.4",
    severity: "high",
    asks: "Each workflow is one that GitHub can start",
    how: "Reads each file of .github/workflows as YAML: on, jobs, runs-on, and steps of uses or run.",
    remedy: "Mend the line that is named.",
    run: checkWorkflowsParse,
  }),
  repositoryCheck({
    id: "tests.workflow-commands",
    line: "8.4",
    severity: "high",
    asks: "Each workflow calls scripts and files that are there",
    how: "Looks up the npm scripts, programs and test folders in its run lines; what git ignores is taken as built before.",
    remedy: "Call what is there, or add it.",
    after: ["tests.workflows-parse"],
    run: checkWorkflowCommands,
  }),
  repositoryCheck({
    id: "tests.actions-pinned",
    line: "8.4",
    severity: "low",
    asks: "Each action is pinned to one commit",
    how: "Reads the uses lines of the workflows.",
    remedy: "Name the commit in place of the tag.",
    after: ["tests.workflows-parse"],
    run: checkPinned,
  }),
  {
    id: "tests.workflows-green",
    line: "8.4",
    severity: "high",
    asks: "The newest run of each of the four workflows on the default branch ended well",
    how: "Asks GitHub's REST API (GITHUB_API_URL, with GITHUB_TOKEN where it is set).",
    remedy: "Open the run that failed, and mend what it names.",
    needs: ["github"],
    run: checkGreen,
  },
];

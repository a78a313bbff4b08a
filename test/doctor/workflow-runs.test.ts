/** What GitHub says of the workflows, asked of a server that answers in the shapes of its REST API. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { openInputs } from "../../src/doctor/inputs.ts";
import { type Result, runChecks } from "../../src/doctor/run-checks.ts";
import { type Deployment, makeGoodDeployment } from "./good-deployment.ts";

type Reply = { readonly status?: number; readonly headers?: Record<string, string>; readonly body: object };

const RUN = { id: 1, status: "completed", conclusion: "success", html_url: "https://github.com/a/b/actions/runs/1" };

let server: Server | undefined;
let deployment: Deployment | undefined;
afterEach(() => {
  server?.close();
  deployment?.remove();
});

/** Runs the check against a server; `runs` are answers by workflow, a success for each that is not named. */
async function judge(runs: Record<string, Reply>, repository?: Reply): Promise<{ result: Result; asked: string[] }> {
  const asked: string[] = [];
  server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization ?? ""}`.trim());
    const workflow = /workflows\/([\w.-]+)\/runs/.exec(request.url ?? "")?.[1];
    const found = workflow === undefined ? repository : runs[workflow];
    const usual = workflow === undefined ? { default_branch: "trunk" } : { total_count: 1, workflow_runs: [RUN] };
    const { status = 200, headers = {}, body } = found ?? { body: usual };
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  deployment = makeGoodDeployment({
    github: "a/b",
    environment: { GITHUB_API_URL: `http://127.0.0.1:${port}`, GITHUB_TOKEN: "token-of-mine" },
  });
  const isAsked = ({ id }: { id: string }): boolean => id === "tests.workflows-green";
  const [result] = await runChecks(openInputs(deployment.options), { isAsked });
  if (result === undefined) throw new Error("no such check");
  return { result, asked };
}

describe("the newest run of each workflow", () => {
  it("passes where all ended well, on the default branch, with the token sent and never shown", async () => {
    const { result, asked } = await judge({});
    expect(result.finding.verdict).toBe("pass");
    expect(asked).toEqual([
      "/repos/a/b Bearer token-of-mine",
      ...["ci.yml", "backend-tests.yml", "public-smoke.yml", "e2e-metrics.yml"].map(
        (name) => `/repos/a/b/actions/workflows/${name}/runs?branch=trunk&per_page=1 Bearer token-of-mine`,
      ),
    ]);
    expect(JSON.stringify(result)).not.toContain("token-of-mine");
  });

  const none = { total_count: 0, workflow_runs: [] };
  const running = { total_count: 1, workflow_runs: [{ ...RUN, status: "in_progress", conclusion: null }] };
  const failed = { total_count: 1, workflow_runs: [{ ...RUN, conclusion: "failure" }] };
  it.each([
    ["a run that failed", { "ci.yml": { body: failed } }, "fail", /ci\.yml.*failure/],
    ["one that has not ended", { "ci.yml": { body: running } }, "warn", /in_progress/],
    ["a workflow that never ran", { "public-smoke.yml": { body: none } }, "warn", /public-smoke\.yml.*\(none\)/],
    ["one that GitHub does not know", { "ci.yml": { status: 404, body: { message: "Not Found" } } }, "warn", /ci\.yml/],
    [
      "the end of the hour's share",
      { "ci.yml": { status: 403, headers: { "x-ratelimit-remaining": "0" }, body: { message: "API rate limit" } } },
      "skipped",
      /GITHUB_TOKEN/,
    ],
  ] as const)("tells %s", async (_, runs, verdict, says) => {
    const { result } = await judge(runs);
    expect(result.finding.verdict).toBe(verdict);
    expect(JSON.stringify(result.finding)).toMatch(says);
    expect(result.isBroken).toBe(false);
  });

  it("is skipped for a repository that GitHub does not show", async () => {
    const { result } = await judge({}, { status: 404, body: { message: "Not Found" } });
    expect(result.finding).toMatchObject({ verdict: "skipped", reason: expect.stringContaining("a/b") });
  });
});

describe("npm test, with --run-tests", () => {
  const run = async (script: string): Promise<readonly string[]> => {
    const shown: string[] = [];
    deployment = makeGoodDeployment(
      { runTests: true, environment: process.env, show: (text) => void shown.push(text) },
      { hasRepository: true },
    );
    deployment.write("package.json", JSON.stringify({ scripts: { test: script } }));
    const isAsked = ({ id }: { id: string }): boolean => ["tests.pass", "tests.browser-pass"].includes(id);
    const results = await runChecks(openInputs(deployment.options), { isAsked });
    expect(shown.join("")).toContain("1234 passed");
    return results.map(({ check, finding }) => `${check.id} ${finding.verdict} ${JSON.stringify(finding)}`);
  };

  it("passes by its exit code, is run once for both lines, and its last line is the evidence", async () => {
    const [whole, browser] = await run("node -e \"console.log('1234 passed, 0 failed')\"");
    expect(whole).toMatch(/tests\.pass pass .*1234 passed, 0 failed/);
    expect(browser).toMatch(/tests\.browser-pass pass/);
  });

  it("fails by its exit code, and the line on browsers is not told on its own", async () => {
    const [whole, browser] = await run("node -e \"console.log('1234 passed, 1 failed'); process.exit(1)\"");
    expect(whole).toMatch(/tests\.pass fail .*1 failed/);
    expect(browser).toMatch(/tests\.browser-pass skipped .*mend tests\.pass first/);
  });

  it("did not pass in a browser where that was skipped", async () => {
    const [whole, browser] = await run(
      "node -e \"console.log('1234 passed, 2 skipped: 2 need chromium (not installed)')\"",
    );
    expect(whole).toMatch(/tests\.pass warn/);
    expect(browser).toMatch(/tests\.browser-pass fail .*2 need chromium/);
  });
});

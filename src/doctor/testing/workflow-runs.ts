/** How the newest run of each workflow ended, by GitHub's REST API (https://docs.github.com/rest/actions/workflow-runs). */
import type { Given } from "../inputs.ts";
import { type Answer, ask } from "../probe/ask.ts";
import { listIn, parseJson, textIn } from "../probe/json-values.ts";

export type WorkflowRun = {
  readonly workflow: string;
  /** `success`, `failure` …; `in_progress` and the like before it ended; `(none)` where it never ran. */
  readonly ended: string;
  readonly where: string;
};

/** GitHub did not answer what was asked; the message says why and what to do. */
export class GithubRefusal extends Error {}

/** The newest run of each workflow on the default branch. Throws GithubRefusal, NoAnswer. */
export async function listRuns(given: Given, workflows: readonly string[]): Promise<readonly WorkflowRun[]> {
  const name = await given.need("github");
  const facts = readAnswer(await askGithub(given, `/repos/${name}`), name);
  const branch = textIn(facts, "default_branch") || "main";
  const runs: WorkflowRun[] = [];
  for (const workflow of workflows) {
    const query = `branch=${encodeURIComponent(branch)}&per_page=1`;
    const answer = await askGithub(given, `/repos/${name}/actions/workflows/${workflow}/runs?${query}`);
    const [run] = answer.status === 404 ? [] : listIn(readAnswer(answer, name), "workflow_runs");
    runs.push({
      workflow,
      ended: run === undefined ? "(none)" : textIn(run, "conclusion") || textIn(run, "status"),
      where: textIn(run, "html_url") || `${name}, branch ${branch}`,
    });
  }
  return runs;
}

async function askGithub(given: Given, path: string): Promise<Answer> {
  const { environment, network } = given.options;
  const base = environment["GITHUB_API_URL"] || "https://api.github.com";
  const token = environment["GITHUB_TOKEN"];
  // A certificate that --ca names is that of the deployment.
  return ask({ ...network, ca: undefined }, new URL(`${base.replace(/\/$/, "")}${path}`), {
    headers: {
      accept: "application/vnd.github+json",
      "x-github-api-version": "2022-11-28",
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
  });
}

function readAnswer({ status, headers, body }: Answer, name: string): unknown {
  const answer = parseJson(body);
  if (status === 200 && answer !== undefined) return answer;
  const isSpent = headers.get("x-ratelimit-remaining")?.[0] === "0";
  if (isSpent) throw new GithubRefusal("GitHub answers no more for this hour: set GITHUB_TOKEN, or ask later");
  if (status === 404) throw new GithubRefusal(`GitHub shows no repository ${name}: a private one needs GITHUB_TOKEN`);
  throw new GithubRefusal(`GitHub answers ${status}: ${textIn(answer, "message") || "no reason given"}`);
}

/** The workflows of a repository: parsed, each step with the line where it begins. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isNode, LineCounter, parseDocument } from "yaml";
import { textIn, valueIn } from "../probe/json-values.ts";

/** Those that the checklist names. */
export const WORKFLOWS = ["ci.yml", "backend-tests.yml", "public-smoke.yml", "e2e-metrics.yml"] as const;
export const WORKFLOW_FOLDER = ".github/workflows";

export type Step = {
  readonly uses: string;
  readonly run: string;
  /** Folder that it runs in, seen from the repository; empty for its root. */
  readonly folder: string;
  readonly where: string;
};

export type Workflow = {
  readonly name: string;
  readonly steps: readonly Step[];
  /** What is wrong with its form, with the place; undefined where nothing is. */
  readonly problem: { readonly found: string; readonly where: string } | undefined;
};

/** Reads every workflow of the repository. */
export function readWorkflows(root: string): readonly Workflow[] {
  let names: readonly string[];
  try {
    names = readdirSync(join(root, WORKFLOW_FOLDER)).filter((name) => /\.ya?ml$/.test(name));
  } catch {
    return [];
  }
  return names.toSorted().map((name) => readWorkflow(name, readFileSync(join(root, WORKFLOW_FOLDER, name), "utf8")));
}

/** Reads one; a file that is no workflow has a problem and no steps. */
export function readWorkflow(name: string, text: string): Workflow {
  const path = `${WORKFLOW_FOLDER}/${name}`;
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { merge: true, lineCounter });
  const [error] = document.errors;
  if (error !== undefined) {
    const where = `${path}:${lineCounter.linePos(error.pos[0]).line}`;
    return { name, steps: [], problem: { found: error.message.split("\n")[0] ?? "is no YAML", where } };
  }
  const whereIs = (...at: readonly (string | number)[]): string => {
    const node: unknown = document.getIn(at, true);
    return isNode(node) && node.range ? `${path}:${lineCounter.linePos(node.range[0]).line}` : path;
  };
  const facts: unknown = document.toJS();
  const jobs = Object.entries(recordIn(facts, "jobs"));
  const steps = jobs.flatMap(([job, value]) => stepsOf(job, value, whereIs));
  return { name, steps, problem: problemOf(facts, jobs, whereIs) };
}

type WhereIs = (...at: readonly (string | number)[]) => string;

function stepsOf(job: string, value: unknown, whereIs: WhereIs): readonly Step[] {
  const folder = textIn(value, "defaults", "run", "working-directory");
  const called = textIn(value, "uses");
  if (called !== "") return [{ uses: called, run: "", folder, where: whereIs("jobs", job, "uses") }];
  const listed = valueIn(value, "steps");
  return (Array.isArray(listed) ? listed : []).map((step: unknown, index) => ({
    uses: textIn(step, "uses"),
    run: textIn(step, "run"),
    folder: textIn(step, "working-directory") || folder,
    where: whereIs("jobs", job, "steps", index),
  }));
}

function problemOf(
  facts: unknown,
  jobs: readonly (readonly [string, unknown])[],
  whereIs: WhereIs,
): Workflow["problem"] {
  if (valueIn(facts, "on") === undefined) return { found: "has no on: nothing starts it", where: whereIs() };
  if (jobs.length === 0) return { found: "has no jobs", where: whereIs("jobs") };
  for (const [job, value] of jobs) {
    const where = whereIs("jobs", job);
    if (textIn(value, "uses") !== "") continue;
    if (valueIn(value, "runs-on") === undefined) return { found: `job ${job} has no runs-on`, where };
    const steps = valueIn(value, "steps");
    if (!Array.isArray(steps) || steps.length === 0) return { found: `job ${job} has no steps`, where };
    const idle = steps.findIndex((step) => (textIn(step, "uses") === "") === (textIn(step, "run") === ""));
    if (idle !== -1) return { found: "a step has either uses or run", where: whereIs("jobs", job, "steps", idle) };
  }
  return undefined;
}

function recordIn(value: unknown, key: string): object {
  const found = valueIn(value, key);
  return typeof found === "object" && found !== null ? found : {};
}

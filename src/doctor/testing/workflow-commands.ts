/** Whether the commands of a workflow's steps are there: scripts of the package, and files that are named. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Repository } from "../deployment/repository.ts";
import { listNotIgnored } from "../version-control/gitignore-edit.ts";
import { readPackage } from "./package-scripts.ts";
import type { Step } from "./workflow-files.ts";

export type Lacking = { readonly found: string; readonly where: string };

/** Returns what the steps call and the repository does not have. */
export function listLacking(repo: Repository, steps: readonly Step[]): readonly Lacking[] {
  return steps.flatMap(({ run, folder, where }) => {
    // Where an expression says the folder, nobody can tell before it runs.
    if (folder.includes("${{")) return [];
    const lines = run.replaceAll(/\\\n/g, " ").split("\n");
    return lines.flatMap((line) => [
      ...lackingScripts(join(repo.root, folder), line).map((found) => ({ found, where })),
      ...lackingFiles(repo, folder, line).map((path) => ({ found: `${path} is not there`, where })),
    ]);
  });
}

const RUN_SCRIPT = /\b(?:npm|pnpm|yarn|bun) (?:run|run-script)((?: -[\w-]+)*) ([\w:.-]+)/g;
const SHORT_SCRIPT = /\bnpm (?:t|test|start)\b/g;

function lackingScripts(folder: string, line: string): readonly string[] {
  const long = [...line.matchAll(RUN_SCRIPT)];
  // A flag that names another package leads elsewhere.
  const named = long
    .filter(([, flags = ""]) => !/ (-w|--workspace|--prefix)/.test(flags))
    .map(([, , name = ""]) => name);
  const short = [...line.matchAll(SHORT_SCRIPT)].map(([text]) => (text.endsWith("start") ? "start" : "test"));
  const scripts = [...named, ...short];
  if (scripts.length === 0) return [];
  const facts = readPackage(folder);
  if (facts === undefined) return [`${folder} has no package.json`];
  return scripts.filter((name) => !facts.scripts.has(name)).map((name) => `package.json has no script ${name}`);
}

const PROGRAM_FILE =
  /(?:^|[;&|]\s*)\s*(?:(?:node|bash|sh|python3?|deno run|tsx)(?: -[\w-]+(?:=\S+)?)* )?((?:\.{1,2}\/)?[\w.-]+(?:\/[\w.-]+)*\.(?:[cm]?[jt]s|sh|py))\b/g;
const NPM_ARGUMENTS = /\bnpm (?:t|test|run [\w:.-]+) -- (.*)$/;

function lackingFiles(repo: Repository, folder: string, line: string): readonly string[] {
  const programs = [...line.matchAll(PROGRAM_FILE)].map(([, path = ""]) => path);
  const rest = (NPM_ARGUMENTS.exec(line)?.[1] ?? "").split(/\s+/);
  const paths = [...programs, ...rest.filter((word) => /^[\w.-]+\/[\w./-]*$/.test(word))];
  const gone = paths.map((path) => join(folder, path)).filter((path) => !existsSync(join(repo.root, path)));
  // What is ignored is built by a step before.
  return listNotIgnored(
    repo,
    gone.filter((path) => !path.startsWith("..")),
  );
}

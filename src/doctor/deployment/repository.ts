/** The repository of the site or of the deployment, asked through git. */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { InputUnreadable } from "../input-errors.ts";

export type Repository = {
  /** The folder that was given. */
  readonly path: string;
  /** The root of the working tree, which may be further up. */
  readonly root: string;
  /** The way from the folder to the root: nothing, or `../`. */
  readonly up: string;
  /** False where older commits are not here, so that nothing can be said of them. */
  readonly isWhole: boolean;
  /** Runs git in the folder; returns exit code and what it printed. The same question is asked once. */
  readonly git: (...args: readonly string[]) => { readonly code: number; readonly out: string };
};

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Opens the folder. Throws InputUnreadable where git sees no repository there. */
export function openRepository(path: string): Repository {
  const absolute = resolve(path);
  const answers = new Map<string, { readonly code: number; readonly out: string }>();
  const git = (...args: readonly string[]): { readonly code: number; readonly out: string } => {
    const question = args.join("\0");
    const answer = answers.get(question) ?? ask(args);
    answers.set(question, answer);
    return answer;
  };
  const ask = (args: readonly string[]): { readonly code: number; readonly out: string } => {
    const options = { encoding: "utf8", maxBuffer: MAX_OUTPUT_BYTES } as const;
    const { status, stdout, stderr, error } = spawnSync("git", ["-C", absolute, ...args], options);
    if (error !== undefined) throw new InputUnreadable(absolute, `git cannot be run: ${error.message}`, error);
    return { code: status ?? -1, out: status === 0 ? stdout : `${stdout}${stderr}` };
  };
  const { code, out } = git("rev-parse", "--is-shallow-repository", "--show-cdup");
  if (code !== 0) {
    throw new InputUnreadable(absolute, "is no git repository: give its folder with --repo");
  }
  const [isShallow, up = ""] = out.split("\n");
  return { path: absolute, root: resolve(absolute, up), up, isWhole: isShallow !== "true", git };
}

/** The repository of the site or of the deployment, asked through git. */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { InputUnreadable } from "../input-errors.ts";

export type Repository = {
  readonly path: string;
  /** Runs git in it; returns exit code and what it printed. */
  readonly git: (...args: readonly string[]) => { readonly code: number; readonly out: string };
};

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Opens the folder. Throws InputUnreadable where git sees no repository there. */
export function openRepository(path: string): Repository {
  const absolute = resolve(path);
  const git = (...args: readonly string[]): { code: number; out: string } => {
    const options = { encoding: "utf8", maxBuffer: MAX_OUTPUT_BYTES } as const;
    const { status, stdout, stderr, error } = spawnSync("git", ["-C", absolute, ...args], options);
    if (error !== undefined) throw new InputUnreadable(absolute, `git cannot be run: ${error.message}`, error);
    return { code: status ?? -1, out: status === 0 ? stdout : `${stdout}${stderr}` };
  };
  if (git("rev-parse", "--git-dir").code !== 0) {
    throw new InputUnreadable(absolute, "is no git repository: give its folder with --repo");
  }
  return { path: absolute, git };
}

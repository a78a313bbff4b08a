/** Runs `npm test` of a repository, shown as it goes, and tells how it ended. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { SettingSource } from "../../config.ts";

export type TestRun = {
  readonly code: number | null;
  /** The last line with something in it, without colours. */
  readonly lastLine: string;
  /** The end of what it printed. */
  readonly tail: string;
};

const TAIL_CHARACTERS = 65_536;
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, "g");

/** Runs it in `folder`; its output goes to `show` as it comes, and nothing is asked of its input. */
export async function runNpmTest(
  folder: string,
  environment: SettingSource,
  show: (text: string) => void,
): Promise<TestRun> {
  const child = spawn("npm", ["test"], { cwd: folder, env: environment, stdio: ["ignore", "pipe", "pipe"] });
  let tail = "";
  const take = (chunk: Buffer): void => {
    const text = chunk.toString();
    show(text);
    tail = (tail + text).slice(-TAIL_CHARACTERS);
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  await once(child, "close");
  const plain = tail.replace(COLOUR, "");
  const lines = plain.split("\n").filter((line) => line.trim() !== "");
  return { code: child.exitCode, lastLine: lines.at(-1)?.trim() ?? "(nothing)", tail: plain };
}

/** Asks the built command whether it takes what a file of the deployment calls it with. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../support/command.ts";

type Environment = Readonly<Record<string, string>>;

/** Has `passerby rotate` plan a run with these words, over an empty folder; returns what it has against them. */
export async function refusalOfRotate(words: readonly string[], environment: Environment): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), "passerby-command-check-"));
  const args = words.map((word) => (word === "/data" ? dataDir : word));
  const here = { ...environment, METRICS_DATA_DIR: dataDir };
  const { code, stderr } = await runCommand([...args, "--once", "--dry-run"], here);
  rmSync(dataDir, { recursive: true });
  return code === 0 ? "" : `${code}: ${stderr}`;
}

/** Lists the flags among the words that the help of the subcommand, the words before the first flag, does not name. */
export async function unknownFlags(words: readonly string[], environment: Environment): Promise<readonly string[]> {
  const flags = words.filter((word) => word.startsWith("--"));
  const first = words.findIndex((word) => word.startsWith("--"));
  const subcommand = first === -1 ? words : words.slice(0, first);
  const { code, stdout } = await runCommand([...subcommand, "--help"], environment);
  if (code !== 0) return subcommand;
  return flags.filter((flag) => !new RegExp(`^ +${flag} `, "m").test(stdout));
}

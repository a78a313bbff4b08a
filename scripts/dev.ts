/**
 * `npm run dev`: watch mode over seeded data. Tracker, dashboard and demo site are built again as their files change (a
 * reload shows it); collector, API and site server start again as theirs do.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { watch } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildStale } from "./build.ts";
import { seed } from "./seed.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DATA_DIR = join(ROOT, "data/dev");
/** Editors write a file in several steps; what comes within this belongs to one change. */
const SETTLE_MS = 150;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function runServer(): ChildProcess {
  const watched = ["src", "cmd", "scripts", "site/serve.ts"].map((path) => `--watch-path=${join(ROOT, path)}`);
  const env = { METRICS_DATA_DIR: DATA_DIR, ...process.env };
  const args = [...watched, "--watch-preserve-output", join(ROOT, "scripts/start.ts"), "--no-build"];
  return spawn(process.execPath, args, { cwd: ROOT, stdio: "inherit", env });
}

/** Builds what is stale after each change, one build at a time, and keeps going when one fails. */
function rebuildOnChange(): void {
  let timer: NodeJS.Timeout | undefined;
  let building: Promise<void> = Promise.resolve();
  const rebuild = (): void => {
    building = building
      .then(() => buildStale(print))
      .catch((error: unknown) => print(error instanceof Error ? error.message : String(error)));
  };
  for (const folder of ["src", "site"]) {
    watch(join(ROOT, folder), { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(rebuild, SETTLE_MS);
    });
  }
}

await buildStale(print);
const added = await seed(DATA_DIR);
if (added > 0) print(`Seeded ${DATA_DIR} with ${added} events of the last eight weeks`);
rebuildOnChange();
const server = runServer();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => server.kill(signal));
server.once("exit", (code) => process.exit(code ?? 0));

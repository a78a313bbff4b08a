/**
 * `npm run dev`: watch mode over seeded data. Tracker, dashboard and demo site are built again as their files change (a
 * reload shows it); collector, API and site server start again as theirs do.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
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

/** Starts the server; a server that ends by itself (a mistake in its code) is started again at the next change. */
function runServer(): ChildProcess {
  const env = { METRICS_DATA_DIR: DATA_DIR, ...process.env };
  return spawn(process.execPath, [join(ROOT, "scripts/start.ts"), "--no-build"], { cwd: ROOT, stdio: "inherit", env });
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  await ended;
}

async function applyChange(): Promise<void> {
  try {
    await buildStale(print);
  } catch (error) {
    return print(error instanceof Error ? error.message : String(error));
  }
  await stopServer(server);
  if (!isEnding) server = runServer();
}

/** Applies changes one at a time; what changes meanwhile is applied after. */
function watchSources(): void {
  let timer: NodeJS.Timeout | undefined;
  let applying: Promise<void> = Promise.resolve();
  const schedule = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      applying = applying.then(applyChange);
    }, SETTLE_MS);
  };
  for (const folder of ["src", "cmd", "site", "scripts"]) watch(join(ROOT, folder), { recursive: true }, schedule);
}

await buildStale(print);
const added = await seed(DATA_DIR);
if (added > 0) print(`Seeded ${DATA_DIR} with ${added} events of the last eight weeks`);
let isEnding = false;
let server = runServer();
watchSources();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, async () => {
    isEnding = true;
    await stopServer(server);
    process.exit(0);
  });
}

/** `passerby start`: runs collector, API and dashboard until it is told to stop. */
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { systemClock } from "../src/clock.ts";
import { isLoopback } from "../src/config.ts";
import { startServer } from "../src/server/run.ts";
import { commandSettings } from "./settings.ts";

/** After this long a drain has failed: a disk that hangs must not keep a supervisor waiting. */
const DRAIN_DEADLINE_MS = 9_000;

type StartFlags = { host?: string; port?: string; dataDir?: string; config?: string };

/** Makes the subcommand. */
export function startCommand(): Command {
  return new Command("start")
    .description("run collector, API and dashboard")
    .option("--host <address>", "address to listen on (HOST, default 127.0.0.1)")
    .option("--port <port>", "port to listen on, 0 picks a free one (PORT, default 8001)")
    .option("--data-dir <dir>", "folder of the log, the store and keys (METRICS_DATA_DIR, default ./data)")
    .option("--config <file>", "file of NAME=value lines; flags and environment win over it")
    .addHelpText(
      "after",
      `
Examples:
  passerby start
  passerby start --port 0 --data-dir /var/lib/passerby
  ALLOWED_ORIGINS=https://example.com passerby start --host 0.0.0.0

Every setting is described in docs/reference/settings.md.
Exit codes: 0 stopped on request, 2 could not start, 137 (killed by itself) the disk did not answer within 9 s.`,
    )
    .action(start);
}

async function start(flags: StartFlags): Promise<void> {
  const settings = commandSettings(
    { HOST: flags.host, PORT: flags.port, METRICS_DATA_DIR: flags.dataDir },
    flags.config,
  );
  const server = await startServer({
    settings,
    clock: systemClock,
    distDir: distDir(),
    onWarning: (message) => process.stderr.write(`passerby: ${message}\n`),
  });
  stopOnSignal(server.close);
  console.log(`Collector and dashboard  ${server.url}`);
  // A token in a log file would be a key left lying about; a terminal on this machine is the owner's.
  if (process.stdout.isTTY && isLoopback(settings.host)) console.log(`Sign in (works once)     ${server.signInLink()}`);
}

function stopOnSignal(close: () => Promise<void>): void {
  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    const deadline = setTimeout(() => {
      process.stderr.write("passerby: stopped before everything was on disk: the disk did not answer in time\n");
      // Not process.exit: that waits for the log's thread, and the thread hangs in the disk.
      process.kill(process.pid, "SIGKILL");
    }, DRAIN_DEADLINE_MS);
    deadline.unref();
    await close();
    process.exit(0);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

/** The build's folder, seen from the source and from the bundle in `dist/server`. */
function distDir(): string {
  return fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "../dist/" : "../", import.meta.url));
}

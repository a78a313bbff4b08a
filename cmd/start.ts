/** `passerby start`: runs collector, API and dashboard until it is told to stop. */
import { setFlagsFromString } from "node:v8";
import { Command } from "commander";
import { systemClock } from "../src/clock.ts";
import { isLoopback } from "../src/config.ts";
import { openServerLog } from "../src/server/health/server-log.ts";
import { distDir } from "./dist-dir.ts";
import { sealOnSignal } from "./seal-on-signal.ts";
import { commandSettings } from "./settings.ts";
import { stopOnSignal } from "./stop-on-signal.ts";

type StartFlags = {
  host?: string;
  port?: string;
  dataDir?: string;
  config?: string;
  workers?: string;
  store: boolean;
};

/** Makes the subcommand. */
export function startCommand(): Command {
  return new Command("start")
    .description("run collector, API and dashboard")
    .option("--host <address>", "address to listen on (HOST, default 127.0.0.1)")
    .option("--port <port>", "port to listen on, 0 picks a free one (PORT, default 8001)")
    .option("--data-dir <dir>", "folder of the log, the store and keys (METRICS_DATA_DIR, default ./data)")
    .option("--workers <n>", "processes that accept events, or auto for one a core (METRICS_WORKERS, default 1)")
    .option("--no-store", "collect only: nothing is loaded, questions answer 503 (METRICS_STORE=off)")
    .option("--config <file>", "file of NAME=value lines; flags and environment win over it")
    .addHelpText(
      "after",
      `
Examples:
  passerby start
  passerby start --port 0 --data-dir /var/lib/passerby
  ALLOWED_ORIGINS=https://example.com passerby start --host 0.0.0.0

SIGTERM and Ctrl+C stop it when all it has taken is on disk; SIGHUP seals the file that is being written.
Every setting is described in docs/reference/settings.md.
Exit codes: 0 stopped on request, 2 could not start, 137 (killed by itself) the disk did not answer within 9 s.`,
    )
    .action(start);
}

/**
 * How far V8 lets its heap grow over what is alive before it collects garbage. Left alone, a burst leaves memory behind for no
 * more events a second; at 50, a thousand requests at once keep the collector of garbage busy (bench/overload.ts). A burst of
 * a million events leaves 261 to 291 MiB at 100, and 255 to 258 at 50.
 */
const HEAP_GROWING_PERCENT = 100;

async function start(flags: StartFlags): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`);
  const settings = commandSettings(
    {
      HOST: flags.host,
      PORT: flags.port,
      METRICS_DATA_DIR: flags.dataDir,
      METRICS_WORKERS: flags.workers,
      ...(!flags.store && { METRICS_STORE: "off" }),
    },
    flags.config,
  );
  const serverLog = openServerLog({ level: settings.logLevel, clock: systemClock, output: process.stderr });
  const { startServer } = await import("../src/server/run.ts");
  const server = await startServer({
    settings,
    clock: systemClock,
    distDir: distDir(),
    serverLog,
  });
  stopOnSignal(server.close, serverLog.warn);
  sealOnSignal(server.seal, serverLog.warn);
  console.log(`Collector and dashboard  ${server.url}`);
  if (server.adminUrl !== null) console.log(`Metrics                  ${server.adminUrl}/metrics`);
  // A token in a log file would be a key left lying about; a terminal on this machine is the owner's.
  if (process.stdout.isTTY && isLoopback(settings.host)) console.log(`Sign in (works once)     ${server.signInLink()}`);
}

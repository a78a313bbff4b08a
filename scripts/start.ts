/** `npm start`: builds what is stale, runs collector, dashboard and demo site on the embedded default, prints the URLs. */
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stopOnSignal } from "../cmd/stop-on-signal.ts";
import { serveDemoSite } from "../site/serve.ts";
import { systemClock } from "../src/clock.ts";
import { readSettings } from "../src/config.ts";
import { describeError, PasserbyError } from "../src/errors.ts";
import { openServerLog } from "../src/server/health/server-log.ts";
import { startServer } from "../src/server/run.ts";
import { buildStale } from "./build.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const FIRST_SITE_PORT = 3000;
const SITE_PORTS = 20;

type DemoSite = Awaited<ReturnType<typeof serveDemoSite>>;

async function run(): Promise<void> {
  // Under npm run dev the watcher builds.
  if (!process.argv.includes("--no-build")) await buildStale((line) => process.stderr.write(`${line}\n`));
  // The site must know where the collector is, and the collector which origin the site has: the port is found first.
  const sitePort = await firstFreePort();
  const siteOrigin = `http://localhost:${sitePort}`;
  const allowed = [process.env["ALLOWED_ORIGINS"] ?? "http://localhost:3000", siteOrigin];
  const settings = readSettings({ ALLOWED_ORIGINS: [...new Set(allowed)].join(",") }, process.env);
  const serverLog = openServerLog({ level: settings.logLevel, clock: systemClock, output: process.stderr });
  const server = await startServer({ settings, clock: systemClock, distDir: join(ROOT, "dist"), serverLog });
  const site: DemoSite = await serveDemoSite({ port: sitePort, apiBaseUrl: server.url, settings });
  stopOnSignal(async () => {
    await site.close();
    await server.close();
  }, serverLog.warn);
  console.log(`Demo site  ${site.url}
Dashboard  ${process.stdout.isTTY ? `${server.signInLink()}   (signs in once)` : server.url}
Collector  ${server.url}/api/metrics/event`);
}

async function firstFreePort(): Promise<number> {
  for (let port = FIRST_SITE_PORT; port < FIRST_SITE_PORT + SITE_PORTS; port += 1) {
    const isFree = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once("error", () => resolve(false));
      probe.listen(port, "localhost", () => probe.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
  throw new PasserbyError(
    "port_in_use",
    `ports ${FIRST_SITE_PORT} to ${FIRST_SITE_PORT + SITE_PORTS - 1} are all in use`,
  );
}

try {
  await run();
} catch (error) {
  process.stderr.write(`passerby: ${error instanceof PasserbyError ? error.message : describeError(error)}\n`);
  process.exit(2);
}

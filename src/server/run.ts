/**
 * Starts and stops a whole server: claims the data directory, opens the log, loads the store, listens. Stopping drains:
 * no new request, every accepted event answered and on disk, the store at its last checkpoint.
 *
 * Alone, one process does all of it. With workers, this process holds the data directory and everything but the taking
 * of events, and each worker takes events into a file of its own (workers/).
 */
import { SETTING_KEYS, SETTINGS, type Settings } from "../config.ts";
import { type Closers, createClosers } from "./closers.ts";
import { type DataDir, type Front, openDataDir } from "./data-dir.ts";
import { renderMetrics } from "./health/render-metrics.ts";
import { createRequestMeter } from "./health/request-meter.ts";
import { VERSION } from "./health/take-numbers.ts";
import { openIntake } from "./intake.ts";
import { listen, listenForAdmin } from "./listen.ts";
import { startRotating } from "./rotation/rotating.ts";
import { buildApp } from "./routes/http-app.ts";
import type { ServerOptions, Starting } from "./starting.ts";
import { runWorkers } from "./workers/run-workers.ts";

export type { ServerOptions } from "./starting.ts";

export type RunningServer = {
  /** Where it listens, `http://127.0.0.1:8001`. */
  readonly url: string;
  /** Where it answers Prometheus (`/metrics` below it); null where the admin listener is off. */
  readonly adminUrl: string | null;
  /** Makes a link that signs in once, within 10 minutes. */
  readonly signInLink: () => string;
  /** Seals the active file of every writer, while events are taken. Returns the shards' base names; throws `log_unavailable`. */
  readonly seal: () => Promise<readonly string[]>;
  /** Drains and stops. */
  readonly close: () => Promise<void>;
};

type Running = {
  readonly url: string;
  readonly adminUrl: string | null;
  readonly seal: () => Promise<readonly string[]>;
};

/** Starts a server. Throws `data_dir_unusable`, `data_dir_owned`, `setting_invalid` or `port_in_use`. */
export async function startServer(given: ServerOptions): Promise<RunningServer> {
  // DuckDB makes files of its own, and what a data directory holds is its owner's business alone.
  process.umask(0o077);
  const { serverLog, settings, clock } = given;
  const options: Starting = { ...given, meter: createRequestMeter(clock.monotonicMs), onWarning: serverLog.warn };
  const closers = createClosers();
  try {
    const front: Front = { url: "" };
    const folder = await openDataDir(options, front, closers);
    const run = settings.workers === 1 ? runAlone : runWorkers;
    const { url, adminUrl, seal } = await run({ options, folder, front }, closers);
    Object.assign(front, { url, seal });
    if (settings.rotate === "auto") closers.add(startRotating({ ...settings, dataDir: folder.dataDir, serverLog }));
    serverLog.info("started", { version: VERSION, url, admin_url: adminUrl, settings: describeSettings(settings) });
    const close = async (): Promise<void> => {
      await closers.closeAll();
      serverLog.info("stopped");
    };
    return { url, adminUrl, signInLink: () => `${url}/#sign-in=${folder.signIn.issueToken()}`, seal, close };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

type Opened = { readonly options: Starting; readonly folder: DataDir; readonly front: Front };

async function runAlone({ options, folder, front }: Opened, closers: Closers): Promise<Running> {
  const { settings, serverLog } = options;
  const store = settings.store === "on" ? folder.store : null;
  const intake = await openIntake({ ...options, ...folder, store, writer: 1, writers: 1 }, closers);
  Object.assign(front, { ledger: intake.ledger, log: intake.log, forgetIds: intake.forgetIds });
  const onError = (error: Error): void => serverLog.error("internal error", error);
  const app = await buildApp({ ...options, ...folder, ...intake, onError }, intake);
  const readMetrics = (): Promise<string> => renderMetrics([intake.health.takeNumbers()]);
  const adminUrl = await listenForAdmin({ address: settings.adminListen, readMetrics, onError }, closers);
  const url = await listen(app, settings);
  // The last to be added is the first to be closed: nothing comes in any more while the rest drains.
  closers.add(async () => app.close());
  const seal = async (): Promise<readonly string[]> => {
    const shard = await intake.log.seal();
    return shard === undefined ? [] : [shard];
  };
  return { url, adminUrl, seal };
}

/** The settings that hold, by variable. None is a secret: keys and salts lie in files of the data directory. */
function describeSettings(settings: Settings): Readonly<Record<string, unknown>> {
  return Object.fromEntries(SETTING_KEYS.map((key) => [SETTINGS[key].variable, settings[key]]));
}

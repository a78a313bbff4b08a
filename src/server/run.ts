/**
 * Starts and stops a whole server: claims the data directory, opens the log, loads the store, listens. Stopping drains:
 * no new request, every accepted event answered and on disk, the store at its last checkpoint.
 */
import { resolve } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Clock } from "../clock.ts";
import { createCollector } from "../collector/collector.ts";
import { settleIdFiles } from "../collector/duplicates/settle-id-files.ts";
import { createOnceStore } from "../collector/duplicates/store-once.ts";
import { StoredIds } from "../collector/duplicates/stored-ids.ts";
import { openSalts, type SaltKeeper } from "../collector/identity/salts.ts";
import type { Settings } from "../config.ts";
import { PasserbyError, systemErrorCode } from "../errors.ts";
import { createEventStream, STREAM_LIMITS, type StreamLimits } from "../live/event-stream.ts";
import { createRing } from "../live/ring.ts";
import { type Log, openLog } from "../log/log.ts";
import { prepareDataDir } from "../log/ownership.ts";
import { readNewest } from "../log/read-newest.ts";
import { createAbsentStore } from "../store/absent-store.ts";
import type { Store } from "../store/store.ts";
import { trustProxies } from "./access/client-address.ts";
import { type KeyRing, openKeys } from "./access/keys.ts";
import { openSignIn, type SignIn } from "./access/sign-in-sessions.ts";
import { buildApp } from "./http-app.ts";
import { startLoadGuard } from "./ingest/load-guard.ts";
import { startLoading } from "./loading.ts";

/** How often old salts are looked after when no request does it. */
const SALT_CHECK_MS = 60_000;
/** How often what is counted and remembered in memory is written down. */
const FLUSH_MS = 1_000;

export type ServerOptions = {
  readonly settings: Settings;
  readonly clock: Clock;
  /** Folder of the build (dashboard and tracker). */
  readonly distDir: string;
  /** Limits of the live stream that are to be others than STREAM_LIMITS. */
  readonly streamLimits?: Partial<StreamLimits>;
  /** Called with one line about something an operator should know. */
  readonly onWarning: (message: string) => void;
};

export type RunningServer = {
  /** Where it listens, `http://127.0.0.1:8001`. */
  readonly url: string;
  /** Makes a link that signs in once, within 10 minutes. */
  readonly signInLink: () => string;
  /** Drains and stops. */
  readonly close: () => Promise<void>;
};

type Closer = () => Promise<void>;

/** Where the server can be reached; empty until it listens. */
type Front = { url: string };

/** What holds the data directory, opened in the order in which it is listed. */
type Opened = {
  readonly keys: KeyRing;
  readonly signIn: SignIn;
  readonly log: Log;
  readonly store: Store;
  readonly salts: SaltKeeper;
  readonly ids: StoredIds;
};

/** Starts a server. Throws `data_dir_unusable`, `data_dir_owned` or `port_in_use`. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  // DuckDB makes files of its own, and what a data directory holds is its owner's business alone.
  process.umask(0o077);
  const closers: Closer[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  try {
    const front: Front = { url: "" };
    const opened = await openAll(options, front, closers);
    const app = await assemble(options, opened, closers);
    front.url = await listen(app, options.settings);
    const { url } = front;
    startTimers(options, opened, closers);
    // The last to be pushed is the first to be closed: nothing comes in any more while the rest drains.
    closers.push(async () => app.close());
    return { url, signInLink: () => `${url}/#sign-in=${opened.signIn.issueToken()}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openAll(
  { settings, clock, onWarning }: ServerOptions,
  front: Front,
  closers: Closer[],
): Promise<Opened> {
  const dataDir = resolve(settings.dataDir);
  const { durability, maxQueueBytes } = settings;
  prepareDataDir(dataDir);
  const keys = openKeys(dataDir, clock);
  const signIn = openSignIn(dataDir, { clock, keys });
  const commands = { sign_in_token: async () => ({ token: signIn.issueToken(), url: front.url }) };
  const log = await openLog({ dataDir, clock, durability, maxQueueBytes, onWarning, commands });
  closers.push(() => log.close());
  const ids = await openIds(dataDir, { settings, clock, onWarning });
  closers.push(() => ids.close());
  const store = await openStoreIfOn(dataDir, { settings, clock, onWarning });
  closers.push(() => store.close());
  return { log, ids, store, keys, signIn, salts: openSalts(dataDir, { clock, onWarning }) };
}

/** DuckDB is brought in only where it is used: alone it takes some 40 MB. */
async function openStoreIfOn(
  dataDir: string,
  { settings, clock, onWarning }: Pick<ServerOptions, "settings" | "clock" | "onWarning">,
): Promise<Store> {
  if (settings.store === "off") return createAbsentStore();
  const { openStore } = await import("../store/store.ts");
  return openStore({ dataDir, clock, onWarning });
}

async function openIds(
  dataDir: string,
  { settings, clock, onWarning }: Pick<ServerOptions, "settings" | "clock" | "onWarning">,
): Promise<StoredIds> {
  const { dedupWindow: capacity, retentionDays } = settings;
  const options = { dataDir, writers: 1, capacity, retentionDays, clock, onWarning };
  await settleIdFiles(options);
  return StoredIds.open({ ...options, writer: 1 });
}

async function assemble(options: ServerOptions, opened: Opened, closers: Closer[]): Promise<FastifyInstance> {
  const { settings, clock, distDir, onWarning } = options;
  const ring = createRing(settings.ringCapacity);
  ring.push(await readNewest(resolve(settings.dataDir), settings.ringCapacity));
  const { log, ids, salts } = opened;
  const { maxLagMs, maxQueueBytes } = settings;
  const guard = startLoadGuard({ clock, maxLagMs, maxBodyBytes: maxQueueBytes });
  closers.push(async () => guard.stop());
  return buildApp({
    ...opened,
    settings,
    clock,
    ring,
    stream: createEventStream(ring, { ...STREAM_LIMITS, ...options.streamLimits }),
    guard,
    collector: createCollector({ settings, clock, once: createOnceStore({ log, ids }), ring, salts, guard }),
    addresses: trustProxies(settings.trustedProxies),
    distDir,
    onError: (error) => onWarning(`internal error: ${error.stack ?? error.message}`),
  });
}

async function listen(app: FastifyInstance, { host, port }: Settings): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === "EADDRINUSE") {
      throw new PasserbyError(
        "port_in_use",
        `port ${port} is in use: stop what listens there, or give another port (--port, PORT)`,
        {
          cause,
        },
      );
    }
    if (code === "EACCES" || code === "EADDRNOTAVAIL") {
      throw new PasserbyError("port_in_use", `cannot listen on ${host}:${port}: give another --host or --port`, {
        cause,
      });
    }
    throw cause;
  }
}

function startTimers(
  { settings, clock, onWarning }: ServerOptions,
  { store, salts, ids }: Opened,
  closers: Closer[],
): void {
  if (settings.store === "on") {
    const loading = startLoading(store, { clock, onWarning });
    closers.push(async () => loading.stop());
  }
  const timer = setInterval(() => salts.at(clock.now()), SALT_CHECK_MS);
  timer.unref();
  closers.push(async () => clearInterval(timer));
  const flushing = setInterval(() => void ids.flush(), FLUSH_MS);
  closers.push(async () => clearInterval(flushing));
}

/**
 * Starts and stops a whole server: claims the data directory, opens the log, loads the store, listens. Stopping drains:
 * no new request, every accepted event answered and on disk, the store at its last checkpoint.
 */
import { resolve } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Clock } from "../clock.ts";
import { createCollector } from "../collector/collector.ts";
import { answerBrake, BRAKE_COMMAND } from "../collector/control/brake-command.ts";
import { type KeptControl, openControl } from "../collector/control/control-file.ts";
import { createRateLimiter } from "../collector/control/rate-limit.ts";
import { settleIdFiles } from "../collector/duplicates/settle-id-files.ts";
import { createOnceStore } from "../collector/duplicates/store-once.ts";
import { StoredIds } from "../collector/duplicates/stored-ids.ts";
import { openSalts, type SaltKeeper } from "../collector/identity/salts.ts";
import { countStored, type Ledger, openLedger } from "../collector/ledger/open-ledger.ts";
import { settleLedgers } from "../collector/ledger/settle-ledgers.ts";
import { SETTING_KEYS, SETTINGS, type Settings } from "../config.ts";
import { PasserbyError, systemErrorCode } from "../errors.ts";
import { createEventStream, STREAM_LIMITS, type StreamLimits } from "../live/event-stream.ts";
import { createRing } from "../live/ring.ts";
import type { Json } from "../log/control-channel.ts";
import { type Log, openLog } from "../log/log.ts";
import { prepareDataDir } from "../log/ownership.ts";
import { readNewest } from "../log/read-newest.ts";
import { openStore, type Store } from "../store/store.ts";
import { trustProxies } from "./access/client-address.ts";
import { type KeyRing, openKeys } from "./access/keys.ts";
import { createRequestLimits } from "./access/request-limits.ts";
import { openSignIn, type SignIn } from "./access/sign-in-sessions.ts";
import { openAdminListener } from "./health/admin-listener.ts";
import { outcomesOfLedger } from "./health/event-outcomes.ts";
import { openHealth } from "./health/health.ts";
import { renderMetrics } from "./health/render-metrics.ts";
import { createRequestMeter, type RequestMeter } from "./health/request-meter.ts";
import type { ServerLog } from "./health/server-log.ts";
import { VERSION } from "./health/take-numbers.ts";
import { buildApp } from "./http-app.ts";
import { startLoadGuard } from "./ingest/load-guard.ts";
import { answerLedger } from "./ledger-route.ts";
import { startLoading } from "./loading.ts";
import type { ServerParts } from "./parts.ts";

/** How often old salts are looked after when no request does it. */
const SALT_CHECK_MS = 60_000;
/** How often what is counted and remembered in memory is written down. */
const FLUSH_MS = 1_000;
/** How soon the end of a brake is written down; that it has ended does not wait for that. */
const BRAKE_CHECK_MS = 1_000;

export type ServerOptions = {
  readonly settings: Settings;
  readonly clock: Clock;
  /** Folder of the build (dashboard and tracker). */
  readonly distDir: string;
  /** Limits of the live stream that are to be others than STREAM_LIMITS. */
  readonly streamLimits?: Partial<StreamLimits>;
  /** The server's own log. */
  readonly serverLog: ServerLog;
};

export type RunningServer = {
  /** Where it listens, `http://127.0.0.1:8001`. */
  readonly url: string;
  /** Where it answers Prometheus (`/metrics` below it); null where the admin listener is off. */
  readonly adminUrl: string | null;
  /** Makes a link that signs in once, within 10 minutes. */
  readonly signInLink: () => string;
  /** Drains and stops. */
  readonly close: () => Promise<void>;
};

type Closer = () => Promise<void>;

/** What the parts of a server are started with. */
type Starting = ServerOptions & {
  readonly meter: RequestMeter;
  /** Called with one line about something an operator should know. */
  readonly onWarning: (message: string) => void;
};

/** What commands of the control channel ask: where the server can be reached (empty until it listens), and its ledger. */
type Front = { url: string; ledger?: Ledger };

/** What holds the data directory, opened in the order in which it is listed. */
type Opened = {
  readonly keys: KeyRing;
  readonly signIn: SignIn;
  readonly log: Log;
  readonly store: Store;
  readonly salts: SaltKeeper;
  readonly ids: StoredIds;
  readonly control: KeptControl;
  readonly ledger: Ledger;
};

/** Starts a server. Throws `data_dir_unusable`, `data_dir_owned` or `port_in_use`. */
export async function startServer(given: ServerOptions): Promise<RunningServer> {
  // DuckDB makes files of its own, and what a data directory holds is its owner's business alone.
  process.umask(0o077);
  const { serverLog, settings, clock } = given;
  const options: Starting = {
    ...given,
    meter: createRequestMeter(clock.monotonicMs),
    onWarning: serverLog.warn,
  };
  const closers: Closer[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  try {
    const front: Front = { url: "" };
    const opened = await openAll(options, front, closers);
    const parts = await assemble(options, opened, closers);
    const app = await buildApp(parts);
    const adminUrl = await listenForAdmin(parts, closers);
    front.url = await listen(app, settings);
    const { url } = front;
    startTimers(options, opened, closers);
    // The last to be pushed is the first to be closed: nothing comes in any more while the rest drains.
    closers.push(async () => app.close());
    closers.unshift(async () => serverLog.info("stopped"));
    serverLog.info("started", { version: VERSION, url, admin_url: adminUrl, settings: describeSettings(settings) });
    return { url, adminUrl, signInLink: () => `${url}/#sign-in=${opened.signIn.issueToken()}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The settings that hold, by variable. None is a secret: keys and salts lie in files of the data directory. */
function describeSettings(settings: Settings): Readonly<Record<string, unknown>> {
  return Object.fromEntries(SETTING_KEYS.map((key) => [SETTINGS[key].variable, settings[key]]));
}

async function openAll(
  { settings, clock, onWarning, meter }: Starting,
  front: Front,
  closers: Closer[],
): Promise<Opened> {
  const dataDir = resolve(settings.dataDir);
  const { durability, maxQueueBytes } = settings;
  prepareDataDir(dataDir);
  const keys = openKeys(dataDir, clock);
  const signIn = openSignIn(dataDir, { clock, keys });
  const opening = Promise.withResolvers<KeptControl>();
  const commands = {
    sign_in_token: async () => ({ token: signIn.issueToken(), url: front.url }),
    [BRAKE_COMMAND]: answerBrake(opening.promise),
    ledger: async (args: Json) => answerLedger(args, front.ledger),
  };
  const onSync = (syncMs: number): void => meter.syncs.observe(syncMs / 1000);
  const log = await openLog({ dataDir, clock, durability, maxQueueBytes, onWarning, onSync, commands });
  closers.push(() => log.close());
  // Read when the folder is ours: until then passerby brake may write what the next start is to obey.
  const control = openControl(dataDir, { clock, settings, onWarning });
  opening.resolve(control);
  const { retentionDays } = settings;
  await settleLedgers({ dataDir, clock, retentionDays, onWarning }, new Set([1]));
  const ledger = await openLedger({ dataDir, writer: 1, clock, retentionDays, onWarning });
  front.ledger = ledger;
  closers.push(() => ledger.close());
  const ids = await openIds(dataDir, { settings, clock, onWarning });
  closers.push(() => ids.close());
  const store = await openStore({ dataDir, clock, onWarning });
  closers.push(() => store.close());
  return { log, ledger, ids, store, keys, signIn, salts: openSalts(dataDir, { clock, onWarning }), control };
}

async function openIds(
  dataDir: string,
  { settings, clock, onWarning }: Pick<Starting, "settings" | "clock" | "onWarning">,
): Promise<StoredIds> {
  const { dedupWindow: capacity, retentionDays } = settings;
  const options = { dataDir, writers: 1, capacity, retentionDays, clock, onWarning };
  await settleIdFiles(options);
  return StoredIds.open({ ...options, writer: 1 });
}

async function assemble(options: Starting, opened: Opened, closers: Closer[]): Promise<ServerParts> {
  const { settings, clock } = options;
  const ring = createRing(settings.ringCapacity);
  ring.push(await readNewest(resolve(settings.dataDir), settings.ringCapacity));
  const { ids, salts, control, ledger } = opened;
  const limiter = createRateLimiter({ ratePerSecond: settings.rateLimit, burst: settings.rateBurst, clock });
  const log = countStored(opened.log, ledger);
  const { maxLagMs, maxQueueBytes } = settings;
  const guard = startLoadGuard({ clock, maxLagMs, maxBodyBytes: maxQueueBytes });
  closers.push(async () => guard.stop());
  const once = createOnceStore({ log, ids });
  const collector = createCollector({ settings, clock, once, ledger, ring, salts, control, limiter, guard });
  const addresses = trustProxies(settings.trustedProxies, options);
  const limits = createRequestLimits(settings, clock);
  const trackerRate = (): number | null => control.trackerConfig("", clock.now()).body.sample_rate;
  const health = await openHealth({
    ...options,
    ...opened,
    ring,
    addresses,
    readOutcomes: outcomesOfLedger(ledger),
    rates: () => ({ server: control.sampleRate(clock.now()), tracker: trackerRate() }),
    isBraked: () => control.dropReason("", clock.now()) === "brake",
  });
  closers.push(async () => health.close());
  const onError = (error: Error): void => options.serverLog.error("internal error", error);
  const stream = createEventStream(ring, { ...STREAM_LIMITS, ...options.streamLimits });
  return { ...options, ...opened, ring, stream, guard, collector, addresses, limits, health, onError };
}

/** Opens the admin listener where one is wanted; returns its URL, or null. */
async function listenForAdmin({ settings, health, onError }: ServerParts, closers: Closer[]): Promise<string | null> {
  if (settings.adminListen === null) return null;
  const admin = await openAdminListener({
    address: settings.adminListen,
    readMetrics: () => renderMetrics([health.takeNumbers()]),
    onError,
  });
  closers.push(admin.close);
  return admin.url;
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
  { clock, onWarning }: Starting,
  { store, salts, ids, control, ledger }: Opened,
  closers: Closer[],
): void {
  const loading = startLoading(store, { clock, onWarning });
  closers.push(async () => loading.stop());
  const timer = setInterval(() => salts.at(clock.now()), SALT_CHECK_MS);
  timer.unref();
  closers.push(async () => clearInterval(timer));
  const flushing = setInterval(() => {
    void ids.flush();
    void ledger.flush();
  }, FLUSH_MS);
  closers.push(async () => clearInterval(flushing));
  const ending = setInterval(control.settle, BRAKE_CHECK_MS);
  closers.push(async () => clearInterval(ending));
}

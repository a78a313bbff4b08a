/**
 * One writer's share of collecting: the collector over a log, with the ids it remembers, its ledger and its limits. A
 * process holds one: the whole of it in a server by itself, a part of it in each worker.
 */
import { resolve } from "node:path";
import { type Collector, createCollector } from "../collector/collector.ts";
import type { Control } from "../collector/control/control.ts";
import type { HashSeed } from "../collector/control/key-hash.ts";
import { createRateLimiter, type RateLimiter } from "../collector/control/rate-limit.ts";
import { createOnceStore, type OnceStore } from "../collector/duplicates/store-once.ts";
import { StoredIds } from "../collector/duplicates/stored-ids.ts";
import type { SaltKeeper } from "../collector/identity/salts.ts";
import { countStored, type Ledger, openLedger } from "../collector/ledger/open-ledger.ts";
import type { Settings } from "../config.ts";
import { pushStored, type Ring } from "../live/ring.ts";
import { readErasedIds } from "../log/erase/erased-ids.ts";
import { type Log, openLogWriter } from "../log/log.ts";
import type { Store } from "../store/store.ts";
import { type AddressReader, trustProxies } from "./access/client-address.ts";
import { createRequestLimits, type RequestLimits } from "./access/request-limits.ts";
import { type Closers, repeat } from "./closers.ts";
import { type ForgetIds, forgetLive } from "./erase-command.ts";
import { type DiskLimits, startDiskWatch } from "./health/disk-watch.ts";
import { outcomesOfLedger } from "./health/event-outcomes.ts";
import { type Health, openHealth } from "./health/health.ts";
import { type Admission, createAdmission } from "./ingest/admission.ts";
import { type LoadGuard, startLoadGuard } from "./ingest/load-guard.ts";
import type { Retaining } from "./retaining.ts";
import { PAST_DAY_CHECK_MS, sealPastDay } from "./seal-past-day.ts";
import type { Starting } from "./starting.ts";

/** How often what is counted and remembered in memory is written down. */
const FLUSH_MS = 1_000;
/** Bodies that are worked on at once: enough for a group commit on a slow disk, and little to hold. */
const ROOM_BYTES = 262_144;
const MEGABYTE = 1_048_576;

export type IntakeOptions = Starting & {
  /** 1 to `writers`. */
  readonly writer: number;
  readonly writers: number;
  readonly control: Control;
  readonly salts: SaltKeeper;
  readonly ring: Ring;
  /** Null in a process that has none. */
  readonly store: Pick<Store, "status"> | null;
  /** Given to the process that removes what is too old. */
  readonly retaining?: Pick<Retaining, "lastDoneAt">;
  /** Given to processes that share one rate limit. */
  readonly rateSeed?: HashSeed;
  /** Puts what hands events to other writers in front of this one's store. */
  readonly share?: (own: OnceStore, ledger: Ledger) => OnceStore;
};

export type Intake = {
  readonly log: Log;
  readonly ledger: Ledger;
  readonly limiter: RateLimiter;
  readonly guard: LoadGuard;
  readonly admission: Admission;
  readonly collector: Collector;
  readonly addresses: AddressReader;
  readonly limits: RequestLimits;
  readonly health: Health;
  /** Forgets the ids of a file (erased-ids.ts), the events in the ring that have them, and who was active. Throws `log_unavailable`. */
  readonly forgetIds: ForgetIds;
};

/** Opens a writer's file and all that goes with it. Throws `data_dir_unusable` or `setting_invalid`. */
export async function openIntake(options: IntakeOptions, closers: Closers): Promise<Intake> {
  const { settings, clock, onWarning, writer, control, meter, rateSeed } = options;
  const log = await openLog(options);
  closers.add(() => log.close());
  repeat(closers, PAST_DAY_CHECK_MS, () => sealPastDay(log, clock));
  const { ledger, ids } = await openRecords(options, closers);
  const own = createOnceStore({ log: pushStored(countStored(log, ledger), options.ring), ids });
  const once = options.share?.(own, ledger) ?? own;
  const guard = startLoadGuard({ clock, maxLagMs: settings.maxLagMs, maxBodyBytes: settings.maxQueueBytes });
  closers.add(() => guard.stop());
  const limiter = createRateLimiter({
    ratePerSecond: settings.rateLimit,
    burst: settings.rateBurst,
    clock,
    ...(rateSeed && { sharedSeed: rateSeed }),
  });
  const collector = createCollector({ ...options, once, ledger, limiter, guard });
  const addresses = trustProxies(settings.trustedProxies, { clock, onWarning });
  const disk = await startDiskWatch({ ...watchedDisk(settings), hold: log.hold });
  closers.add(disk.close);
  const health = await openHealth({
    ...{
      settings,
      clock,
      meter,
      serverLog: options.serverLog,
      log,
      disk,
      ring: options.ring,
      store: options.store,
      addresses,
    },
    readOutcomes: outcomesOfLedger(ledger),
    rates: () => readRates(control, clock.now()),
    isBraked: () => control.dropReason("", clock.now()) === "brake",
    // Warnings of a worker are told by the main process, which knows those of all.
    isLogging: writer === 1 && options.writers === 1,
    ...(options.retaining && { retainedAt: options.retaining.lastDoneAt }),
  });
  closers.add(() => health.close());
  const limits = createRequestLimits(settings, clock);
  const forgetIds = forgetter(resolve(settings.dataDir), { ids, ring: options.ring, collector });
  const admission = createAdmission(ROOM_BYTES);
  return { log, ledger, limiter, guard, admission, collector, addresses, limits, health, forgetIds };
}

/** The disk that is watched, and from what shares on. */
export function watchedDisk({ dataDir, diskWarnPercent, diskCriticalPercent }: Settings): DiskLimits & {
  readonly dataDir: string;
} {
  return { dataDir: resolve(dataDir), warnPercent: diskWarnPercent, criticalPercent: diskCriticalPercent };
}

type Remembering = {
  readonly ids: StoredIds;
  readonly ring: Ring;
  readonly collector: Pick<Collector, "forgetVisitors">;
};

function forgetter(dataDir: string, { ids, ring, collector }: Remembering): ForgetIds {
  return async (idsFile) => {
    collector.forgetVisitors();
    const forgotten = await ids.forget(readErasedIds(dataDir, idsFile));
    forgetLive(ring, readErasedIds(dataDir, idsFile));
    return forgotten;
  };
}

/** The rates that hold now; the trackers' is null until an operator has set it. */
export function readRates(
  control: Control,
  nowMs: number,
): { readonly server: number; readonly tracker: number | null } {
  return { server: control.sampleRate(nowMs), tracker: control.trackerConfig("", nowMs).body.sample_rate };
}

function openLog({ settings, clock, onWarning, meter, writer }: IntakeOptions): Promise<Log> {
  const { durability, maxQueueBytes } = settings;
  const maxShardBytes = settings.maxShardMb * MEGABYTE;
  const onSync = (syncMs: number): void => meter.syncs.observe(syncMs / 1000);
  const dataDir = resolve(settings.dataDir);
  return openLogWriter({ dataDir, clock, durability, maxQueueBytes, maxShardBytes, writer, onWarning, onSync });
}

/** Opens the two records that are kept beside the log: both read what a kill kept from them out of it. */
async function openRecords(
  { settings, clock, onWarning, writer, writers }: IntakeOptions,
  closers: Closers,
): Promise<{ readonly ledger: Ledger; readonly ids: StoredIds }> {
  const { retentionDays } = settings;
  const options = { dataDir: resolve(settings.dataDir), writer, clock, retentionDays, onWarning };
  const ledger = await openLedger(options);
  closers.add(() => ledger.close());
  const ids = await StoredIds.open({ ...options, writers, capacity: Math.ceil(settings.dedupWindow / writers) });
  closers.add(() => ids.close());
  repeat(closers, FLUSH_MS, () => Promise.all([ids.flush(), ledger.flush()]));
  return { ledger, ids };
}

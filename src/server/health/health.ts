/**
 * The server's own health: what it measures of itself, for Prometheus, for its health answer and for its log.
 *
 *   hot path ─ counts, histograms ─┐
 *   every 10 s ─ shards, lag ───────┼─▶ readings ─▶ warnings ─▶ health answer, log (once a minute)
 *   every second ─ free space ──────┤
 *   asked ─ log, ring, store, tally ┘        └───▶ numbers ─▶ text of a scrape
 *
 * It promises that a request pays for counting only (bench: below 0.5 µs), that an answer about health waits for no disk,
 * and that nothing a client chose gets into a label, a warning or the log. After a restart all counts begin at 0.
 */
import { resolve } from "node:path";
import type { Clock } from "../../clock.ts";
import type { Ring } from "../../live/ring.ts";
import type { Log, LogStatus } from "../../log/log.ts";
import { pauseInForce } from "../../log/rotate/pause.ts";
import type { Settings } from "../../settings-shape.ts";
import type { Store } from "../../store/store.ts";
import type { AddressReader } from "../access/client-address.ts";
import type { DiskWatch } from "./disk-watch.ts";
import type { ReadOutcomes } from "./event-outcomes.ts";
import { type FolderLook, lookAtFolder, NOTHING_SEEN } from "./folder-look.ts";
import { listWarnings } from "./health-warnings.ts";
import { startLoopLag } from "./loop-lag.ts";
import type { RequestMeter } from "./request-meter.ts";
import type { ServerLog } from "./server-log.ts";
import { type MetricNumbers, type Readings, takeNumbers } from "./take-numbers.ts";

const LOOK_INTERVAL_MS = 10_000;
const LOG_INTERVAL_MS = 60_000;

export type HealthParts = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly meter: RequestMeter;
  readonly serverLog: ServerLog;
  readonly log: Pick<Log, "status">;
  readonly disk: Pick<DiskWatch, "state">;
  readonly ring: Pick<Ring, "size" | "capacity">;
  /** Null where nothing is loaded. */
  readonly store: Pick<Store, "status"> | null;
  readonly addresses: Pick<AddressReader, "untrustedForwards">;
  readonly readOutcomes: ReadOutcomes;
  /** The rates that hold now; the tracker's is null until an operator has set it. */
  readonly rates: () => { readonly server: number; readonly tracker: number | null };
  readonly isBraked: () => boolean;
  /** Warnings of other processes, told beside this one's. */
  readonly otherWarnings?: () => readonly string[];
  /** When what is too old was last removed; null before the first time. Left out where another process does it. */
  readonly retainedAt?: () => number | null;
  /** False where another process logs the warnings of this one. */
  readonly isLogging: boolean;
};

/** The body of `GET /api/metrics/health`, in the names of the wire. */
export type HealthAnswer = {
  readonly status: "healthy" | "degraded";
  readonly reasons?: readonly string[];
  readonly ring_size: number;
  readonly ring_capacity: number;
  readonly file_exists: boolean;
  readonly warnings: readonly string[];
};

export type Health = {
  /** Degraded only when the log cannot accept; everything else is a warning. */
  readonly answer: () => HealthAnswer;
  /** The numbers of this process, as plain data. */
  readonly takeNumbers: () => readonly MetricNumbers[];
  /** Logs each warning that was not there in the same words the last time. */
  readonly logWarnings: () => void;
  readonly close: () => void;
};

/** Takes a first look at the folder and goes on looking. Close it. */
export async function openHealth(parts: HealthParts): Promise<Health> {
  const { settings, clock, serverLog } = parts;
  const dataDir = resolve(settings.dataDir);
  const startedAt = clock.now();
  const lag = startLoopLag();
  let folder: FolderLook = NOTHING_SEEN;
  const look = async (): Promise<void> => {
    folder = await lookAtFolder(dataDir);
  };
  await look();
  const read = (): Readings => ({
    ...readParts(parts),
    folder,
    isRotationPaused: pauseInForce(folder.pause, clock.now()) !== undefined,
    lag: lag.read(),
    startedAt,
  });
  const ownWarnings = (): readonly string[] =>
    listWarnings({
      recent: parts.meter.recent(),
      disk: parts.disk.state(),
      folder,
      store: parts.store?.status() ?? null,
      lag: lag.read(),
      untrustedForwards: parts.addresses.untrustedForwards(),
      startedAt,
      retainedAt: parts.retainedAt?.(),
      nowMs: clock.now(),
      maxLagMs: settings.maxLagMs,
      diskCriticalPercent: settings.diskCriticalPercent,
    });
  const warnings = (): readonly string[] => [...new Set([...ownWarnings(), ...(parts.otherWarnings?.() ?? [])])];
  const logWarnings = logNewOnes(warnings, serverLog);
  const timers = [repeat(lookEvery(look, lag.roll), LOOK_INTERVAL_MS)];
  if (parts.isLogging) timers.push(repeat(logWarnings, LOG_INTERVAL_MS));
  return {
    answer: () => describeHealth(parts.log.status(), parts.ring, warnings()),
    takeNumbers: () => takeNumbers(read()),
    logWarnings,
    close: () => {
      for (const timer of timers) clearInterval(timer);
      lag.stop();
    },
  };
}

function readParts(parts: HealthParts): Omit<Readings, "folder" | "isRotationPaused" | "lag" | "startedAt"> {
  const { meter, log, ring, store, rates } = parts;
  const { server, tracker } = rates();
  return {
    requests: meter.counts(),
    recent: meter.recent(),
    acknowledgements: meter.acknowledgements.read(),
    syncs: meter.syncs.read(),
    events: parts.readOutcomes(),
    log: log.status(),
    disk: parts.disk.state(),
    ringEvents: ring.size(),
    store: store?.status() ?? null,
    serverRate: server,
    trackerRate: tracker,
    isBraked: parts.isBraked(),
    retainedAt: parts.retainedAt?.(),
    untrustedForwards: parts.addresses.untrustedForwards(),
  };
}

function describeHealth(status: LogStatus, ring: HealthParts["ring"], warnings: readonly string[]): HealthAnswer {
  const shown = {
    ring_size: ring.size(),
    ring_capacity: ring.capacity,
    file_exists: status.fileExists,
    warnings,
  };
  if (status.accepting) return { status: "healthy", ...shown };
  return { status: "degraded", reasons: [status.message ?? "the log does not accept events"], ...shown };
}

function logNewOnes(warnings: () => readonly string[], serverLog: ServerLog): () => void {
  let known: readonly string[] = [];
  return () => {
    const now = warnings();
    for (const warning of now) if (!known.includes(warning)) serverLog.warn(warning);
    known = now;
  };
}

/** One look at a time: a disk that hangs must not gather looks that wait for it. */
function lookEvery(look: () => Promise<void>, roll: () => void): () => void {
  let isLooking = false;
  return () => {
    roll();
    if (isLooking) return;
    isLooking = true;
    void look().finally(() => {
      isLooking = false;
    });
  };
}

function repeat(run: () => void, intervalMs: number): NodeJS.Timeout {
  return setInterval(run, intervalMs).unref();
}

/**
 * Keeps the promise of METRICS_RETENTION_DAYS for what the collector holds beside the log: store, ring, quarantine, stores
 * set aside. Within a minute of midnight, UTC, and once an hour it removes what is too old; what fails is tried again. Event
 * ids and the ledger look after themselves; shards are the rotator's.
 */
import { utcDay } from "../clock.ts";
import { describeError } from "../errors.ts";
import type { Ring } from "../live/ring.ts";
import { readImportKeeps } from "../log/files/import-keep.ts";
import { removeAbandoned } from "../log/files/leftovers.ts";
import { deleteTornLines } from "../log/files/quarantine.ts";
import { firstKeptDay } from "../log/files/retention-days.ts";
import { deleteSetAside } from "../store/set-aside-files.ts";
import type { Store } from "../store/store.ts";
import { type Closers, repeat } from "./closers.ts";
import type { Starting } from "./starting.ts";

/** How often it is looked whether it is time: so soon after midnight the old day is gone. */
export const LOOK_MS = 60_000;
/** A record of an import may have got another time, and what failed is tried again. */
const RUN_EVERY_MS = 3_600_000;

/** What one run removed; `failed` names the parts that could not be done. */
export type RetentionRun = {
  readonly store_events: number;
  readonly ring_events: number;
  readonly torn_files: number;
  readonly set_aside_files: number;
  readonly failed: readonly string[];
};

export type Retaining = {
  /** Removes now what is too old; calls during a run share it. Never throws: what fails is warned about. */
  readonly run: () => Promise<RetentionRun>;
  /** When the last run began in which nothing failed (milliseconds since 1970); null before the first. */
  readonly lastDoneAt: () => number | null;
};

export type RetainingOptions = Pick<Starting, "settings" | "clock" | "onWarning"> & {
  readonly dataDir: string;
  readonly store: Pick<Store, "removeExpired">;
  readonly ring: Pick<Ring, "remove">;
};

/** Lets go of the events in memory that are too old; returns how many. */
export function forgetOldEvents(ring: Pick<Ring, "remove">, days: number, nowMs: number): number {
  const from = firstKeptDay(days, nowMs);
  return ring.remove(({ receivedAt }) => receivedAt < from);
}

/** Runs it at once, in the background, and from then on. */
export function startRetaining(options: RetainingOptions, closers: Closers): Retaining {
  const { clock } = options;
  const warn = warnOnce(options.onWarning);
  let running: Promise<RetentionRun> | undefined;
  let lastStartedAt = 0;
  let lastDoneAt: number | null = null;
  let isClosing = false;
  const runOnce = async (): Promise<RetentionRun> => {
    lastStartedAt = clock.now();
    const startedAt = lastStartedAt;
    const done = await removeAll(options, startedAt, (message) => {
      if (!isClosing) warn(message);
    });
    if (done.failed.length === 0) lastDoneAt = startedAt;
    return done;
  };
  const run = (): Promise<RetentionRun> => {
    running ??= runOnce().finally(() => {
      running = undefined;
    });
    return running;
  };
  void run();
  repeat(closers, LOOK_MS, () => {
    const now = clock.now();
    const isNewDay = utcDay(now) !== utcDay(lastStartedAt);
    if (isNewDay || Math.abs(now - lastStartedAt) >= RUN_EVERY_MS) void run();
  });
  closers.add(() => {
    isClosing = true;
  });
  return { run, lastDoneAt: () => lastDoneAt };
}

async function removeAll(
  { dataDir, settings, store, ring }: RetainingOptions,
  nowMs: number,
  warn: (message: string) => void,
): Promise<RetentionRun> {
  const from = firstKeptDay(settings.retentionDays, nowMs);
  const failed: string[] = [];
  const attempt = async (part: string, remove: () => number | Promise<number>): Promise<number> => {
    try {
      return await remove();
    } catch (error) {
      failed.push(part);
      warn(`what is too old could not be removed from the ${part}, and is tried again: ${describeError(error)}`);
      return 0;
    }
  };
  const removed = {
    ring_events: await attempt("ring", () => forgetOldEvents(ring, settings.retentionDays, nowMs)),
    torn_files: await attempt("quarantine", () => deleteTornLines(dataDir, from)),
    set_aside_files: await attempt("stores set aside", () => deleteSetAside(dataDir, nowMs)),
    store_events: await attempt("store", () => store.removeExpired()),
  };
  await attempt("abandoned files", () => {
    removeAbandoned(dataDir, nowMs);
    for (const warning of readImportKeeps(dataDir).warnings) warn(warning);
    return 0;
  });
  return { ...removed, failed };
}

/** An hourly run would say the same all day. */
function warnOnce(onWarning: (message: string) => void): (message: string) => void {
  const known = new Set<string>();
  return (message) => {
    if (!known.has(message)) onWarning(message);
    known.add(message);
  };
}

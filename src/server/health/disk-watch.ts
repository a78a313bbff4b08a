/**
 * The free space of the data directory's disk, looked at once a second, and what follows from it: past the critical share new
 * events are refused, so that the disk is never filled to its last byte, and taken again by themselves 1 point below it.
 */
import { statfs } from "node:fs/promises";
import { type DiskSpace, diskSpaceOf, usedPercent } from "../../disk-space.ts";
import type { Refusal } from "../../log/log.ts";

const LOOK_INTERVAL_MS = 1_000;
/** A level is left this many points below where it began, so that a share at its edge does not turn it on and off. */
const HYSTERESIS_POINTS = 1;

export const DISK_LEVELS = ["ok", "warn", "critical"] as const;
export type DiskLevel = (typeof DISK_LEVELS)[number];

/** Used shares in percent from which on the levels hold. */
export type DiskLimits = { readonly warnPercent: number; readonly criticalPercent: number };

/** What is known of the disk; `space` is undefined where it could not be read. */
export type DiskState = { readonly level: DiskLevel; readonly space: DiskSpace | undefined };

export type DiskWatch = {
  readonly state: () => DiskState;
  /** Looks now. */
  readonly look: () => Promise<void>;
  readonly close: () => void;
};

export type DiskWatchOptions = DiskLimits & {
  readonly dataDir: string;
  /** Called after each look: with why events are to be refused, or undefined. */
  readonly hold?: (reason: Refusal | undefined) => void;
};

/** Takes a first look and goes on looking. Close it. */
export async function startDiskWatch(options: DiskWatchOptions): Promise<DiskWatch> {
  let state: DiskState = { level: "ok", space: undefined };
  let running: Promise<void> | undefined;
  const lookOnce = async (): Promise<void> => {
    const space = await readDiskSpace(options.dataDir);
    // A disk that cannot be asked is judged by what it said last.
    state = space === undefined ? { ...state, space } : { space, level: nextLevel(state.level, space, options) };
    options.hold?.(refusalOf(state, options));
  };
  /** One look at a time: a disk that hangs must not gather looks that wait for it. */
  const look = (): Promise<void> => {
    running ??= lookOnce().finally(() => {
      running = undefined;
    });
    return running;
  };
  await look();
  const timer = setInterval(look, LOOK_INTERVAL_MS).unref();
  return { state: () => state, look, close: () => clearInterval(timer) };
}

/** Returns the level that follows on another. */
export function nextLevel(level: DiskLevel, space: DiskSpace, { warnPercent, criticalPercent }: DiskLimits): DiskLevel {
  const used = usedPercent(space);
  const isPast = (percent: number, wasPast: boolean): boolean =>
    used >= percent || (wasPast && used > percent - HYSTERESIS_POINTS);
  if (isPast(criticalPercent, level === "critical")) return "critical";
  return isPast(warnPercent, level !== "ok") ? "warn" : "ok";
}

/** Says whether a disk stays below a share (percent) with so many bytes more on it; one that cannot be asked does. */
export async function hasRoomFor(path: string, bytes: number, percent: number): Promise<boolean> {
  const space = await readDiskSpace(path);
  return space === undefined || usedPercent({ ...space, freeBytes: space.freeBytes - bytes }) < percent;
}

function refusalOf({ level, space }: DiskState, { criticalPercent }: DiskLimits): Refusal | undefined {
  if (level !== "critical") return undefined;
  const left = space === undefined ? "little" : `${(100 - usedPercent(space)).toFixed(1)} %`;
  const message = `the disk has too little free space (${left}; METRICS_DISK_CRITICAL_PERCENT is ${criticalPercent})`;
  return { cause: "disk_full", message };
}

async function readDiskSpace(path: string): Promise<DiskSpace | undefined> {
  try {
    return diskSpaceOf(await statfs(path));
  } catch {
    return undefined;
  }
}

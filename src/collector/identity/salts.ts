/**
 * The daily salts: random, one a UTC day, at most two at a time, on disk so that a restart keeps the day's visitors
 * together. A salt is replaced at 00:00 UTC and destroyed within 48 h of the start of its day; it is never logged or
 * shown. Each birth and death is noted in the record of salts (salt-record.ts).
 */
import { createSecretKey, type KeyObject } from "node:crypto";
import { type Clock, utcDay } from "../../clock.ts";
import { describeError } from "../../errors.ts";
import { readSalts, removeLeftoverSalts, removeSalts, type Salts, writeSalts } from "./salt-file.ts";
import { noteSalts } from "./salt-record.ts";

const SALT_BYTES = 32;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Longest life of a salt, counted from 00:00 UTC of its day (contract, Identity). */
export const SALT_LIFE_MS: number = 2 * DAY_MS;

/**
 * How far into the next day a salt is kept. It is asked for until 00:30 at most; the rest is for a clock that is set
 * back, and the last hour before the limit for a server that is late.
 */
const KEPT_INTO_NEXT_DAY_MS = 23 * HOUR_MS;

/** What the disk refused is tried again this often. */
const RETRY_MS = 60_000;

/**
 * The salts in force: today's, and yesterday's while ids of yesterday may still be active. As keys, since each event
 * derives an id and Node 24.21 takes 23 µs to make a key of bytes.
 */
export type DailySalts = { readonly today: KeyObject; readonly yesterday: KeyObject | undefined };

export type SaltOptions = { readonly clock: Clock; readonly onWarning: (message: string) => void };

export type SaltKeeper = {
  /** Returns the salts for a moment; makes today's and destroys old ones when their time has come. */
  readonly at: (nowMs: number) => DailySalts;
};

/** The salts of this process, those on disk, and for which time the former hold. */
type Keeping = SaltOptions & {
  readonly dataDir: string;
  salts: Salts;
  saved: Salts;
  from: number;
  until: number;
  isWarned: boolean;
};

/**
 * Opens the salts of a data directory and brings them up to now: what a killed process left is destroyed and noted.
 * Throws `data_dir_unusable` when the file cannot be read. A new salt that cannot be written (a full disk at midnight)
 * is used all the same, warned about and tried again: until then only a restart would part visitors.
 */
export function openSalts(dataDir: string, options: SaltOptions): SaltKeeper {
  const saved = readSalts(dataDir);
  const keeping: Keeping = { ...options, dataDir, salts: saved, saved, from: 0, until: 0, isWarned: false };
  tryOnDisk(keeping, "what a killed process left of the salts could not be cleared away", () => {
    removeLeftoverSalts(dataDir);
    noteSalts(dataDir, saved, { nowMs: options.clock.now(), isLate: true });
  });
  let inForce = turn(keeping, options.clock.now());
  return {
    at: (nowMs) => {
      if (nowMs < keeping.from || nowMs >= keeping.until) inForce = turn(keeping, nowMs);
      return inForce;
    },
  };
}

/** Makes and destroys salts as the time demands, on disk first and then in the record. */
function turn(keeping: Keeping, nowMs: number): DailySalts {
  const { clock, dataDir } = keeping;
  keeping.salts = saltsFor(nowMs, keeping.salts, clock);
  const isSaved = isSame(keeping.salts, keeping.saved) || save(keeping);
  const isNoted = tryOnDisk(keeping, "the record of salts could not be written", () => {
    noteSalts(dataDir, new Map([...keeping.saved, ...keeping.salts]), { nowMs, isLate: false });
  });
  if (isSaved && isNoted) keeping.isWarned = false;
  const midnight = nowMs - (nowMs % DAY_MS);
  const isEarly = nowMs < midnight + KEPT_INTO_NEXT_DAY_MS;
  keeping.from = isEarly ? midnight : midnight + KEPT_INTO_NEXT_DAY_MS;
  const next = midnight + (isEarly ? KEPT_INTO_NEXT_DAY_MS : DAY_MS);
  keeping.until = isSaved && isNoted ? next : Math.min(next, nowMs + RETRY_MS);
  return inForceAt(nowMs, keeping.salts);
}

/**
 * Returns the salts that may exist at a moment, today's among them. Tomorrow's may be there when the clock was set back:
 * it is kept, since its day comes again; with three the oldest goes.
 */
function saltsFor(nowMs: number, salts: Salts, clock: Clock): Salts {
  const today = utcDay(nowMs);
  const kept = new Map([[today, salts.get(today) ?? clock.randomBytes(SALT_BYTES)]]);
  const tomorrow = utcDay(nowMs + DAY_MS);
  const yesterday = nowMs % DAY_MS < KEPT_INTO_NEXT_DAY_MS ? utcDay(nowMs - DAY_MS) : "";
  for (const day of [tomorrow, yesterday]) {
    const salt = salts.get(day);
    if (salt !== undefined && kept.size < 2) kept.set(day, salt);
  }
  return new Map([...kept].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function inForceAt(nowMs: number, salts: Salts): DailySalts {
  const today = salts.get(utcDay(nowMs));
  if (today === undefined) throw new Error("today has no salt"); // saltsFor always makes one.
  const yesterday = salts.get(utcDay(nowMs - DAY_MS));
  return { today: createSecretKey(today), yesterday: yesterday && createSecretKey(yesterday) };
}

/**
 * Writes the salts. Where that fails and an old one is due, the file is taken away, which a full disk allows: better
 * that a restart parts today's visitors than that a salt outlives its time.
 */
function save(keeping: Keeping): boolean {
  const { dataDir, salts } = keeping;
  const isWritten = tryOnDisk(
    keeping,
    "a restart today would give visitors new ids: the day's salt could not be written",
    () => writeSalts(dataDir, salts),
  );
  if (isWritten) keeping.saved = salts;
  else if ([...keeping.saved.keys()].some((day) => !salts.has(day))) {
    const isGone = tryOnDisk(keeping, "a salt that is due could not be destroyed", () => removeSalts(dataDir));
    if (isGone) keeping.saved = new Map();
  }
  return isWritten;
}

/** Does something on disk; a failure is warned about once until all is well again. */
function tryOnDisk(keeping: Keeping, trouble: string, act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (!keeping.isWarned) keeping.onWarning(`${trouble} (${describeError(error)})`);
    keeping.isWarned = true;
    return false;
  }
}

function isSame(a: Salts, b: Salts): boolean {
  return a.size === b.size && [...a.keys()].every((day) => a.get(day) === b.get(day));
}

/**
 * The daily salts: random, one a UTC day, at most two at a time, on disk so that a restart keeps the day's visitors
 * together, and so that several processes of one server use the same. A salt is replaced at 00:00 UTC and destroyed
 * within 48 h of the start of its day; it is never logged or shown. Each birth and death is noted in the record of salts.
 */
import { type Clock, utcDay } from "../../clock.ts";
import { describeError } from "../../errors.ts";
import { createSalt, readSalts, removeLeftoverSalts, removeSalts, type Salts } from "./salt-file.ts";
import { createSaltKey, type SaltKey } from "./salt-key.ts";
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
 * The salts in force: today's, and yesterday's while ids of yesterday may still be active. Made ready once, since each
 * event derives an id.
 */
export type DailySalts = { readonly today: SaltKey; readonly yesterday: SaltKey | undefined };

export type SaltOptions = {
  readonly clock: Clock;
  readonly onWarning: (message: string) => void;
  /**
   * False for a process beside the owner of the data directory: it uses and makes salts, and leaves it to the owner to
   * destroy them and to keep the record. Default: true.
   */
  readonly isOwner?: boolean;
};

export type SaltKeeper = {
  /** Returns the salts for a moment; makes today's and destroys old ones when their time has come. */
  readonly at: (nowMs: number) => DailySalts;
};

/** The salts of this process, and for which time they hold. */
type Keeping = Required<SaltOptions> & {
  readonly dataDir: string;
  salts: Salts;
  from: number;
  until: number;
  isWarned: boolean;
};

/**
 * Opens the salts of a data directory and brings them up to now: what a killed process left is destroyed and noted.
 * Throws `data_dir_unusable` when a file cannot be read. A new salt that cannot be written (a full disk at midnight) is used
 * all the same, warned about and tried again: until then only a restart would part visitors.
 */
export function openSalts(dataDir: string, options: SaltOptions): SaltKeeper {
  const salts = readSalts(dataDir);
  const keeping: Keeping = { isOwner: true, ...options, dataDir, salts, from: 0, until: 0, isWarned: false };
  const nowMs = options.clock.now();
  if (keeping.isOwner) {
    tryOnDisk(keeping, "what a killed process left of the salts could not be cleared away", () => {
      removeLeftoverSalts(dataDir);
      noteSalts(dataDir, salts, { nowMs, isLate: true });
    });
  }
  let inForce = turn(keeping, nowMs);
  return {
    at: (timeMs) => {
      if (timeMs < keeping.from || timeMs >= keeping.until) inForce = turn(keeping, timeMs);
      return inForce;
    },
  };
}

/** Makes and destroys salts as the time demands, on disk first and then in the record. */
function turn(keeping: Keeping, nowMs: number): DailySalts {
  const isSaved = tryOnDisk(
    keeping,
    "a restart today would give visitors new ids: the day's salt could not be written",
    () => makeToday(keeping, nowMs),
  );
  keeping.salts = keptSalts(nowMs, keeping.salts);
  const isTidy = !keeping.isOwner || destroyAndNote(keeping, nowMs);
  if (isSaved && isTidy) keeping.isWarned = false;
  const midnight = nowMs - (nowMs % DAY_MS);
  const isEarly = nowMs < midnight + KEPT_INTO_NEXT_DAY_MS;
  keeping.from = isEarly ? midnight : midnight + KEPT_INTO_NEXT_DAY_MS;
  const next = midnight + (isEarly ? KEPT_INTO_NEXT_DAY_MS : DAY_MS);
  keeping.until = isSaved && isTidy ? next : Math.min(next, nowMs + RETRY_MS);
  return inForceAt(nowMs, keeping.salts);
}

/** Takes over what is on disk and makes today's salt where there is none; it is in memory even when this throws. */
function makeToday(keeping: Keeping, nowMs: number): void {
  const { clock, dataDir } = keeping;
  const today = utcDay(nowMs);
  const made = keeping.salts.get(today) ?? clock.randomBytes(SALT_BYTES);
  keeping.salts = new Map([...keeping.salts, [today, made]]);
  const stored = readSalts(dataDir);
  const salt = stored.get(today) ?? createSalt(dataDir, today, made);
  keeping.salts = new Map([...keeping.salts, ...stored, [today, salt]]);
}

/**
 * Returns the salts that may exist at a moment, today's among them. Tomorrow's may be there when the clock was set back:
 * it is kept, since its day comes again; with three the oldest goes.
 */
function keptSalts(nowMs: number, salts: Salts): Salts {
  const yesterday = nowMs % DAY_MS < KEPT_INTO_NEXT_DAY_MS ? utcDay(nowMs - DAY_MS) : "";
  const kept = [utcDay(nowMs), utcDay(nowMs + DAY_MS), yesterday].filter((day) => salts.has(day)).slice(0, 2);
  return new Map([...salts].filter(([day]) => kept.includes(day)));
}

function destroyAndNote(keeping: Keeping, nowMs: number): boolean {
  const { dataDir, salts } = keeping;
  const isGone = tryOnDisk(keeping, "a salt that is due could not be destroyed", () =>
    removeSalts(dataDir, (day) => salts.has(day)),
  );
  const isNoted = tryOnDisk(keeping, "the record of salts could not be written", () =>
    noteSalts(dataDir, new Map([...readSalts(dataDir), ...salts]), { nowMs, isLate: false }),
  );
  return isGone && isNoted;
}

function inForceAt(nowMs: number, salts: Salts): DailySalts {
  const today = salts.get(utcDay(nowMs));
  if (today === undefined) throw new Error("today has no salt"); // makeToday always makes one.
  const yesterday = salts.get(utcDay(nowMs - DAY_MS));
  return { today: createSaltKey(today), yesterday: yesterday && createSaltKey(yesterday) };
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

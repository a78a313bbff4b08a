/**
 * The daily salts: random, one a UTC day, at most two at a time, on disk so that a restart keeps the day's visitors
 * together. A salt is replaced at 00:00 UTC and destroyed at most 48 h after its birth; it is never logged or shown.
 */
import { createSecretKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, utcDay } from "../../clock.ts";
import { describeError, PasserbyError, systemErrorCode } from "../../errors.ts";
import { replaceFile } from "../../replace-file.ts";

const SALT_BYTES = 32;
const DAY_MS = 86_400_000;
const FILE = "salts.json";

/**
 * The salts in force: today's, and yesterday's while ids of yesterday may still be active. As keys, since each event
 * derives an id and Node 24.21 takes 23 µs to make a key of bytes.
 */
export type DailySalts = { readonly today: KeyObject; readonly yesterday: KeyObject | undefined };

export type SaltOptions = { readonly clock: Clock; readonly onWarning: (message: string) => void };

export type SaltKeeper = {
  /** Returns the salts for a moment; makes and stores today's when the day has turned. */
  readonly at: (nowMs: number) => DailySalts;
};

/**
 * Opens the salts of a data directory. Throws `data_dir_unusable` when the file cannot be read. A new salt that cannot
 * be written (a full disk at midnight) is used all the same and warned about: only a restart would then part visitors.
 */
export function openSalts(dataDir: string, options: SaltOptions): SaltKeeper {
  const { clock, onWarning } = options;
  const path = join(dataDir, FILE);
  let salts = readSalts(path);
  let dayNumber = Number.NaN;
  let inForce: DailySalts | undefined;
  return {
    at: (nowMs) => {
      if (inForce !== undefined && Math.floor(nowMs / DAY_MS) === dayNumber) return inForce;
      const today = utcDay(nowMs);
      const yesterday = utcDay(nowMs - DAY_MS);
      const kept = new Map([...salts].filter(([name]) => name === today || name === yesterday));
      const salt = kept.get(today) ?? clock.randomBytes(SALT_BYTES);
      kept.set(today, salt);
      if (kept.size !== salts.size || !salts.has(today)) writeSalts(path, kept, onWarning);
      salts = kept;
      dayNumber = Math.floor(nowMs / DAY_MS);
      const earlier = kept.get(yesterday);
      inForce = { today: createSecretKey(salt), yesterday: earlier && createSecretKey(earlier) };
      return inForce;
    },
  };
}

function readSalts(path: string): ReadonlyMap<string, Uint8Array> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT") return new Map();
    throw new PasserbyError("data_dir_unusable", `${path} cannot be read: check its owner and mode (0600)`, { cause });
  }
  const days = parseJson(text);
  if (!isSaltFile(days)) {
    throw new PasserbyError("data_dir_unusable", `${path} is damaged: move it away; today's visitors then get new ids`);
  }
  return new Map(Object.entries(days).map(([day, salt]) => [day, Buffer.from(salt, "base64url")]));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSaltFile(value: unknown): value is Record<string, string> {
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).every((salt) => typeof salt === "string" && /^[A-Za-z0-9_-]{43}$/.test(salt));
}

function writeSalts(path: string, salts: ReadonlyMap<string, Uint8Array>, onWarning: (message: string) => void): void {
  const days = [...salts].map(([day, salt]) => [day, Buffer.from(salt).toString("base64url")]);
  try {
    replaceFile(path, `${JSON.stringify(Object.fromEntries(days), null, 1)}\n`);
  } catch (error) {
    onWarning(
      `the day's salt could not be written (${describeError(error)}): a restart today would give visitors new ids`,
    );
  }
}

/**
 * The files that hold the salts, one a UTC day (`salt-2026-11-24`, 0600): made whole and by one process only, whoever
 * else makes one at the same moment, and destroyed by taking the file away, which needs no space on a full disk.
 */
import { closeSync, fsyncSync, linkSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PasserbyError, systemErrorCode } from "../../errors.ts";
import { syncFolder } from "../../log/files/durable-file.ts";

/** Salts by UTC day (`2026-11-24`). */
export type Salts = ReadonlyMap<string, Uint8Array>;

const DAY = String.raw`\d{4}-\d{2}-\d{2}`;
const FILE = new RegExp(`^salt-(${DAY})$`);
/** What a killed process left, which holds a salt like the file itself; and the one file for all salts of the first versions. */
const LEFTOVER = new RegExp(`^(?:salt-(${DAY})\\.\\d+\\.tmp|salts\\.json)$`);
const SALT = /^[A-Za-z0-9_-]{43}\n$/;

/** Reads all salts. Throws `data_dir_unusable` when one cannot be read or is damaged. */
export function readSalts(dataDir: string): Salts {
  const salts = new Map<string, Uint8Array>();
  for (const name of readdirSync(dataDir).sort()) {
    const day = FILE.exec(name)?.[1];
    const salt = day === undefined ? undefined : readSalt(join(dataDir, name));
    if (day !== undefined && salt !== undefined) salts.set(day, salt);
  }
  return salts;
}

/**
 * Stores the salt of a day and returns it, or the one that another process stored first. Throws the system's error;
 * nothing is stored then.
 */
export function createSalt(dataDir: string, day: string, salt: Uint8Array): Uint8Array {
  const path = join(dataDir, `salt-${day}`);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, "w", 0o600);
    try {
      writeFileSync(file, `${Buffer.from(salt).toString("base64url")}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    linkSync(temporary, path);
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
    return readSalt(path) ?? salt;
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolder(dataDir);
  return salt;
}

/** Takes away the salts of all days but some, with what killed processes left of them. Throws the system's error. */
export function removeSalts(dataDir: string, isKept: (day: string) => boolean): void {
  const due = readdirSync(dataDir).filter((name) => {
    const day = FILE.exec(name)?.[1] ?? LEFTOVER.exec(name)?.[1];
    return day === undefined ? LEFTOVER.test(name) : !isKept(day);
  });
  for (const name of due) rmSync(join(dataDir, name), { force: true });
  if (due.length > 0) syncFolder(dataDir);
}

/** Takes away what killed processes left behind. For the owner of the data directory, before others make salts. */
export function removeLeftoverSalts(dataDir: string): void {
  for (const name of readdirSync(dataDir)) if (LEFTOVER.test(name)) rmSync(join(dataDir, name), { force: true });
}

/** Returns the salts in files that killed processes left behind, as (day, salt). */
export function readLeftoverSalts(dataDir: string): readonly (readonly [string, Uint8Array])[] {
  return readdirSync(dataDir).flatMap((name) => {
    const day = LEFTOVER.exec(name)?.[1];
    const text = day === undefined ? "" : readFileSync(join(dataDir, name), "utf8");
    return day !== undefined && SALT.test(text) ? [[day, Buffer.from(text.trim(), "base64url")] as const] : [];
  });
}

/** Undefined when the file is gone: another process may destroy it at any moment. */
function readSalt(path: string): Uint8Array | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT") return undefined;
    throw new PasserbyError("data_dir_unusable", `${path} cannot be read: check its owner and mode (0600)`, { cause });
  }
  if (SALT.test(text)) return Buffer.from(text.trim(), "base64url");
  throw new PasserbyError("data_dir_unusable", `${path} is damaged: move it away; the day's visitors then get new ids`);
}

/** The file that holds the salts (`salts.json`, 0600): read as a whole, replaced as a whole, and taken away when it must be. */
import { readdirSync, readFileSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { PasserbyError, systemErrorCode } from "../../errors.ts";
import { replaceFile } from "../../replace-file.ts";

/** Salts by UTC day (`2026-11-24`). */
export type Salts = ReadonlyMap<string, Uint8Array>;

const FILE = "salts.json";
/** What replaceFile was writing when it was killed. It holds salts like the file itself. */
const LEFTOVER = /^salts\.json\.\d+\.tmp$/;
/** A day and 32 bytes as base64url, also in a file that is cut off. */
const PAIR = /"(\d{4}-\d{2}-\d{2})":\s*"([A-Za-z0-9_-]{43})/g;

/** Reads the salts; none when there is no file. Throws `data_dir_unusable` when it cannot be read or is damaged. */
export function readSalts(dataDir: string): Salts {
  const path = join(dataDir, FILE);
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

/** Replaces all salts. Throws the system's error; the old ones are then still there. */
export function writeSalts(dataDir: string, salts: Salts): void {
  const days = [...salts].map(([day, salt]) => [day, Buffer.from(salt).toString("base64url")]);
  replaceFile(join(dataDir, FILE), `${JSON.stringify(Object.fromEntries(days), null, 1)}\n`);
}

/** Takes the file away, which needs no space on a full disk. Throws the system's error unless it was not there. */
export function removeSalts(dataDir: string): void {
  try {
    unlinkSync(join(dataDir, FILE));
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}

/** Returns the salts in files that a killed process left behind, cut off or whole, as (day, salt). */
export function readLeftoverSalts(dataDir: string): readonly (readonly [string, Uint8Array])[] {
  return listLeftovers(dataDir).flatMap((path) =>
    [...readFileSync(path, "utf8").matchAll(PAIR)].map(
      ([, day = "", salt = ""]) => [day, Buffer.from(salt, "base64url")] as const,
    ),
  );
}

/** Takes away what killed processes left behind. For the owner of the data directory. */
export function removeLeftoverSalts(dataDir: string): void {
  for (const path of listLeftovers(dataDir)) rmSync(path, { force: true });
}

function listLeftovers(dataDir: string): readonly string[] {
  const names = readdirSync(dataDir).filter((name) => LEFTOVER.test(name));
  return names.map((name) => join(dataDir, name));
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

/** The throw-away salts of one import: one for each UTC day, made when it is first asked for and forgotten with the import. */
import type { Clock } from "../clock.ts";
import { createSaltKey, type SaltKey } from "../collector/identity/salt-key.ts";

/** Returns the salt of a UTC day (`2026-11-23`). */
export type DaySalts = (day: string) => SaltKey;

/** Makes the salts of an import. */
export function createDaySalts(clock: Clock): DaySalts {
  const salts = new Map<string, SaltKey>();
  return (day) => {
    const salt = salts.get(day) ?? createSaltKey(clock.randomBytes(32));
    salts.set(day, salt);
    return salt;
  };
}

/** Tells a data directory that a restore has not finished from a whole one: what is missing there must not be taken for gone. */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { PasserbyError } from "../../errors.ts";

/** Name of the folder, inside the data directory, in which a restore copies before anything gets its name. */
export const RESTORE_FOLDER = ".restore";

/** Says whether a restore was begun in a data directory and has not ended. */
export function isHalfRestored(dataDir: string): boolean {
  return lstatSync(join(dataDir, RESTORE_FOLDER), { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Throws `data_dir_unusable` for a data directory that is half restored. */
export function refuseHalfRestored(dataDir: string): void {
  if (!isHalfRestored(dataDir)) return;
  const message = `${dataDir} is half restored: finish it with passerby restore, the same command as before`;
  throw new PasserbyError("data_dir_unusable", message);
}

/** Makes the folder of a backup, and refuses one in the data directory, whose loss would take both. */
import { mkdirSync, realpathSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import { describeError, PasserbyError } from "../../errors.ts";

/** Makes the folder (0700) if it is missing. Throws `data_dir_unusable` and `backup_unusable`. */
export function prepareFolder(dataDir: string, folder: string): void {
  try {
    realpathSync(dataDir);
  } catch (cause) {
    throw new PasserbyError("data_dir_unusable", `${dataDir} cannot be read: ${describeError(cause)}`, { cause });
  }
  refuseInside(resolve(dataDir), resolve(folder));
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    refuseInside(realpathSync(dataDir), realpathSync(folder));
  } catch (cause) {
    if (cause instanceof PasserbyError) throw cause;
    throw new PasserbyError("backup_unusable", `${folder} cannot hold a backup: ${describeError(cause)}`, { cause });
  }
}

function refuseInside(dataDir: string, folder: string): void {
  const way = relative(dataDir, folder);
  if (way === ".." || way.startsWith(`..${sep}`)) return;
  throw new PasserbyError("backup_unusable", `${folder} is inside the data directory: name a folder elsewhere`);
}

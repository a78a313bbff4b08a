/** Tells two states of a file apart without reading it. */
import { lstatSync } from "node:fs";

/** Returns what is equal for as long as nobody has replaced or changed the file; undefined where there is none. */
export function stampOf(path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return stats && `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
}

/** How full a disk is, counted as `df` does: of what this user could have of it, without the superuser's reserve. */
import type { StatsFs } from "node:fs";

export type DiskSpace = { readonly freeBytes: number; readonly totalBytes: number };

/** Reads it from what `statfs` says. */
export function diskSpaceOf({ bavail, bfree, blocks, bsize }: StatsFs): DiskSpace {
  return { freeBytes: bavail * bsize, totalBytes: (blocks - bfree + bavail) * bsize };
}

/** Returns the used share in percent. */
export function usedPercent({ freeBytes, totalBytes }: DiskSpace): number {
  return totalBytes === 0 ? 0 : 100 - (100 * freeBytes) / totalBytes;
}

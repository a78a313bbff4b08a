/**
 * Deletes files whose time is over. The manifest is told before a shard goes, so that its name is never used again; only
 * on a full disk after, since deleting is what makes room.
 */
import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../../errors.ts";
import { syncFolder } from "../files/durable-file.ts";
import { type Manifest, withoutShard, writeManifest } from "../files/manifest.ts";
import type { OnStep } from "./compress-shard.ts";
import { statFile } from "./find-files.ts";
import type { Deletion } from "./plan.ts";

/** Deletes and returns the manifest without what was deleted. Throws the system's error. */
export function deleteFiles(
  dataDir: string,
  { manifest, deletions, onStep }: { manifest: Manifest; deletions: readonly Deletion[]; onStep: OnStep },
): Manifest {
  if (deletions.length === 0) return manifest;
  const shards = deletions.flatMap(({ shard }) => (shard === null ? [] : [shard]));
  const left = shards.reduce(withoutShard, manifest);
  const isTold = shards.length === 0 || tryWriteManifest(dataDir, left);
  onStep("manifest without the deleted");
  for (const { files } of deletions) {
    for (const file of files) {
      removeFile(join(dataDir, file));
      onStep("file deleted");
    }
  }
  syncFolder(dataDir);
  onStep("deletions synced");
  if (!isTold) writeManifest(dataDir, left);
  return left;
}

/** Removes a file; a link or a folder of that name stays. It may be gone: the collector deletes old quarantine, too. */
export function removeFile(path: string): void {
  if (statFile(path) === undefined) return;
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}

/** False on a full disk. */
function tryWriteManifest(dataDir: string, manifest: Manifest): boolean {
  try {
    writeManifest(dataDir, manifest);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "ENOSPC" || systemErrorCode(error) === "EDQUOT") return false;
    throw error;
  }
}

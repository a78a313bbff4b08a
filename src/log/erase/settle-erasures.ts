/**
 * Completes the manifest behind erasures that were killed between putting a shard in its place and saying so: their journals
 * name what the shard holds then. What is left of an erasure only its own command can do, which is given the id again.
 */
import { syncFolder } from "../files/durable-file.ts";
import { listLogFiles } from "../files/log-files.ts";
import { readManifest, type ShardFacts, withShard, writeManifest } from "../files/manifest.ts";
import { measureShard } from "../read/measure-shard.ts";
import { type Journal, readJournals, type ShardErasure } from "./erase-journal.ts";

/** What an operator is to do about an erasure that was begun and is not finished. */
export const ERASE_AGAIN = "an erasure is unfinished: run passerby erase again";

/** Settles every erasure of a data directory. For who has claimed the shards. Throws `data_dir_unusable`, or the system's error. */
export async function settleErasures(dataDir: string): Promise<void> {
  for (const journal of readJournals(dataDir)) await settleErasure(dataDir, journal);
}

/** Writes down the facts of shards that a killed erasure had put in their places; tells each step that it takes. */
export async function settleErasure(
  dataDir: string,
  journal: Journal,
  onStep: (step: string) => void = () => undefined,
): Promise<void> {
  const files = await listLogFiles(dataDir);
  for (const erasure of journal.shards) {
    const manifest = readManifest(dataDir);
    const file = files.find(({ shard }) => shard === erasure.shard);
    if (file === undefined || !isNewer(erasure, manifest.shards.get(erasure.shard))) continue;
    if ((await measureShard(file.path)).sha256 !== erasure.sha256) continue;
    syncFolder(dataDir);
    writeManifest(dataDir, withShard(manifest, erasure.shard, factsOf(erasure)));
    onStep("manifest settled");
  }
}

/** Says whether a shard whose lines have this hash is what an unfinished erasure made of it, which its facts do not say yet. */
export function isErasing(dataDir: string, shard: string, sha256: string, facts: ShardFacts | undefined): boolean {
  const erasures = readJournals(dataDir).flatMap(({ shards }) => shards);
  return erasures.some((entry) => entry.shard === shard && entry.sha256 === sha256 && isNewer(entry, facts));
}

function isNewer({ generation }: ShardErasure, facts: ShardFacts | undefined): boolean {
  return generation > (facts?.generation ?? 0);
}

function factsOf({ sha256, bytes, lines, first, generation }: ShardErasure): ShardFacts {
  return { sha256, bytes, lines, first, generation };
}

/** Leaves one form of a shard that lies there in several, as after a kill between naming the compressed one and removing the plain. */
import { join } from "node:path";
import { PasserbyError } from "../../errors.ts";
import { syncFolder } from "../files/durable-file.ts";
import type { ShardFacts } from "../files/manifest.ts";
import { holdsFacts, type OnStep } from "./compress-shard.ts";
import { removeFile } from "./delete-shard.ts";
import type { FoundShard } from "./find-files.ts";

/**
 * Keeps the first form that is what the manifest says, a compressed one before the plain one, and removes the others.
 * Throws `log_damaged`, and changes nothing, where none is.
 */
export async function settleForms(
  dataDir: string,
  { found, facts, onStep }: { found: FoundShard; facts: ShardFacts; onStep: OnStep },
): Promise<void> {
  const good = await findGood(dataDir, found, facts);
  if (good === undefined) {
    const message = `no form of ${found.shard} is what the manifest says, and all stay: passerby verify tells where`;
    throw new PasserbyError("log_damaged", message);
  }
  // A kill may have come before the name of the one that stays was on disk.
  syncFolder(dataDir);
  onStep("form verified");
  for (const { name } of found.forms) {
    if (name === good) continue;
    removeFile(join(dataDir, name));
    onStep("other form removed");
  }
  syncFolder(dataDir);
}

async function findGood(dataDir: string, { forms }: FoundShard, facts: ShardFacts): Promise<string | undefined> {
  const plainLast = [...forms.filter(({ compression }) => compression !== "none"), ...forms.slice(0, 1)];
  for (const { name } of plainLast) {
    if (await holdsFacts(join(dataDir, name), facts)) return name;
  }
  return undefined;
}

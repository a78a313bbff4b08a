/** Takes away temporary files that a killed process left in the data directory; they hold visitors' data or nothing. */
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** Only the owner of the folder makes these. */
const OF_OWNER = /^metrics(?:-torn-w\d+|(?:\.w\d+)?\.jsonl\.probe)\.tmp$/;
/** Anybody may be importing; one that has written nothing for a day has ended. */
const OF_IMPORT = /^metrics-import-[a-z0-9-]{1,40}\.[\w-]+\.tmp$/;
/** Only who has claimed the shards makes these, and the next repair removes them, if there is one. */
const OF_REPAIR = /^metrics-.+\.repair\.tmp$/;
/** Whoever pauses the rotation has claimed nothing. */
const OF_PAUSE = /^rotation-pause\.json\.\d+\.tmp$/;
const ABANDONED_MS = 86_400_000;

/** Removes what nobody is writing any more. For the owner of the folder, before it writes itself. */
export function removeLeftovers(dataDir: string, nowMs: number): void {
  for (const name of readdirSync(dataDir)) if (OF_OWNER.test(name)) rmSync(join(dataDir, name), { force: true });
  removeAbandoned(dataDir, nowMs);
}

/** Removes what killed imports, repairs and pauses left: what nobody has written to for a day. */
export function removeAbandoned(dataDir: string, nowMs: number): void {
  for (const name of readdirSync(dataDir)) {
    const path = join(dataDir, name);
    const isOfOthers = [OF_IMPORT, OF_REPAIR, OF_PAUSE].some((pattern) => pattern.test(name));
    if (isOfOthers && isOlder(path, nowMs - ABANDONED_MS)) rmSync(path, { force: true });
  }
}

function isOlder(path: string, timeMs: number): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && stats.mtimeMs < timeMs;
}

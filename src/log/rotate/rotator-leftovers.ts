/** Takes away what killed runs left half-written: compressed files that have no name of the log yet, and halves of its own small files. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { compressionOf, parseLogFileName, shardOf } from "../files/log-files.ts";
import { temporaryName } from "./compress-shard.ts";
import { removeFile } from "./delete-shard.ts";

/** `replaceFile` names what it writes for the process that writes it. */
const REPLACING = /^(?:manifest|rotator)\.json\.\d+\.tmp$/;
const COMPRESSING = /^(.+\.jsonl)\.tmp\.(?:gz|zst)$/;

/** Removes leftovers and returns how many there were. Only for who has claimed the shards: nobody else writes such files. */
export function removeRotatorLeftovers(dataDir: string): number {
  const left = readdirSync(dataDir).filter((name) => REPLACING.test(name) || isCompressing(name));
  for (const name of left) removeFile(join(dataDir, name));
  return left.length;
}

function isCompressing(name: string): boolean {
  const shard = COMPRESSING.exec(name)?.[1] ?? "";
  const compression = compressionOf(name);
  const kind = parseLogFileName(shard)?.kind;
  if (compression === "none" || kind === undefined || kind === "active" || shardOf(shard) !== shard) return false;
  return temporaryName(shard, compression) === name;
}

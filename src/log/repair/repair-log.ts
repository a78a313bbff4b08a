/**
 * Repairs the log: moves what is damaged aside and never deletes, while nobody else works on the shards. A file that is
 * being written is sealed first, by the collector that owns it or, where none runs, here.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describeError, PasserbyError } from "../../errors.ts";
import { settleErasures } from "../erase/settle-erasures.ts";
import { readManifest, withoutShard, writeManifest } from "../files/manifest.ts";
import { settleActiveFiles } from "../files/settle-active-files.ts";
import { askOwner } from "../owner/control-channel.ts";
import { claimAbandoned } from "../owner/orphans.ts";
import { claimShards } from "../owner/ownership.ts";
import type { SeqRange } from "../verify/findings.ts";
import { addRepair } from "../verify/repairs-file.ts";
import { type VerifiedLog, type VerifyOptions, verifyLog } from "../verify/verify-log.ts";
import { REPAIR_TMP } from "./quarantine-lines.ts";
import {
  needsRepair,
  nextGeneration,
  type RepairAction,
  type RepairStep,
  recordFacts,
  repairShard,
} from "./repair-shard.ts";

export type RepairOptions = VerifyOptions & {
  /** Whether what cannot be mended is taken as given: shards that were changed or are gone, gaps and repeats. */
  readonly accept: boolean;
  /** Told when a step is on disk. */
  readonly onStep?: ((step: RepairStep) => void) | undefined;
};

/**
 * Verifies and repairs a data directory; returns what was done, in order. Verify again to learn what is left. Throws
 * `shards_owned` while another process works on the shards, and what `verifyLog` throws.
 */
export async function repairLog(given: RepairOptions): Promise<readonly RepairAction[]> {
  const options = { ...given, isClaimed: true };
  const { dataDir, clock } = options;
  const claim = await claimShards(dataDir, clock);
  try {
    removeTemporaries(dataDir);
    await settleErasures(dataDir);
    const found = await verifyLog(options);
    const sealed = await sealDamaged(found, options);
    return [...sealed, ...(await repairFound(sealed.length > 0 ? await verifyLog(options) : found, options))];
  } finally {
    await claim.release();
  }
}

async function repairFound(log: VerifiedLog, options: RepairOptions): Promise<readonly RepairAction[]> {
  const { dataDir, clock, accept } = options;
  const onStep = options.onStep ?? (() => undefined);
  const known = [...log.order.lost, ...(accept ? log.order.ranges : [])];
  if (known.length > 0) addRepair(dataDir, { at: new Date(clock.now()).toISOString(), known });
  onStep("known");
  const actions: RepairAction[] = accept && log.order.ranges.length > 0 ? [describeKnown(log.order.ranges)] : [];
  for (const file of log.files.filter(needsRepair)) {
    actions.push(await repairShard(file, { dataDir, clock, onStep }));
  }
  return accept ? [...actions, ...acceptChanges(log, options)] : actions;
}

/** Makes the manifest say what is there. */
function acceptChanges({ files, missing }: VerifiedLog, { dataDir }: RepairOptions): readonly RepairAction[] {
  const actions: RepairAction[] = [];
  for (const checked of files) {
    const { scan, name } = checked.forms[0];
    if (scan === undefined || !checked.damage.some(({ kind }) => kind === "checksum") || needsRepair(checked)) continue;
    recordFacts(dataDir, checked.file.shard, { ...scan.facts, generation: nextGeneration(checked) });
    actions.push({ file: name, message: "measured anew: the manifest says what it holds now", aside: [] });
  }
  for (const shard of missing) {
    writeManifest(dataDir, withoutShard(readManifest(dataDir), shard));
    actions.push({ file: shard, message: "taken out of the manifest; its number stays taken", aside: [] });
  }
  return actions;
}

function describeKnown(ranges: readonly SeqRange[]): RepairAction {
  return {
    file: "repairs.jsonl",
    message: `notes ${ranges.map(({ writer, start, from, to }) => `${writer}/${start}/${from}-${to}`).join(", ")} as known`,
    aside: [],
  };
}

/** Seals files that are being written and hold damage, so that they can be repaired as shards. */
async function sealDamaged({ files }: VerifiedLog, options: RepairOptions): Promise<readonly RepairAction[]> {
  const { dataDir, clock } = options;
  const damaged = files.filter(({ file, damage }) => file.kind === "active" && damage.length > 0);
  if (damaged.length === 0) return [];
  const names = damaged.map(({ file }) => file.name).join(", ");
  try {
    if ((await askOwner(dataDir, "seal")) === undefined) {
      const claim = await claimAbandoned(dataDir, clock);
      try {
        settleActiveFiles({ dataDir, onWarning: () => undefined }, new Set());
      } finally {
        await claim.release();
      }
    }
    return [{ file: names, message: "sealed", aside: [] }];
  } catch (error) {
    if (!(error instanceof PasserbyError)) throw error;
    return [{ file: names, message: `not sealed, and left as it is: ${describeError(error)}`, aside: [] }];
  }
}

/** What a repair was writing when it was killed; nobody else writes such files while the shards are claimed. */
function removeTemporaries(dataDir: string): void {
  for (const name of readdirSync(dataDir)) {
    if (name.endsWith(REPAIR_TMP)) rmSync(join(dataDir, name), { force: true });
  }
}

/**
 * One run of the rotator: seals what is due, deletes what is too old, notes what shards hold, compresses, and says what it did.
 *
 * Beside a running collector it touches sealed shards and quarantine only, and while it holds the claim of the shards nobody
 * else does. Every step leaves the folder such that readers find each line once; a run that is killed, or stopped by a
 * full disk, is gone on with by the next one, which looks at the folder anew. Deleting comes before all that needs room.
 * While the rotation is paused (pause.ts) a run does nothing; one that is under way ends after the step it is at.
 */
import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import { describeError, PasserbyError, systemErrorCode } from "../../errors.ts";
import { settleErasures } from "../erase/settle-erasures.ts";
import { readImportKeeps } from "../files/import-keep.ts";
import { type Manifest, readManifest, type ShardFacts, withShard, writeManifest } from "../files/manifest.ts";
import { claimShards } from "../owner/ownership.ts";
import { measureShard } from "../read/measure-shard.ts";
import { compressShard, type OnStep } from "./compress-shard.ts";
import { deleteFiles } from "./delete-shard.ts";
import { type FoundFiles, findFiles } from "./find-files.ts";
import { describePause, pauseInForce, readPause } from "./pause.ts";
import { type Measuring, planRotation, type RotationPlan, type RotationPolicy } from "./plan.ts";
import { removeRotatorLeftovers } from "./rotator-leftovers.ts";
import { type RotatorState, readRotatorState, writeRotatorState } from "./rotator-state.ts";
import { sealDue } from "./seal-due.ts";
import { settleForms } from "./settle-forms.ts";

export type RotateOptions = {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly policy: RotationPolicy;
  /** Seconds from run to run, for whoever watches; null for a single one. */
  readonly intervalSeconds: number | null;
  /** Ends the run after the step it is at; a compression is given up. */
  readonly signal?: AbortSignal;
  readonly onStep?: OnStep;
};

export type RotationReport = RotatorState & { readonly seconds: number };

const MAX_LINES_TOLD = 20;
const MEBIBYTE = 1_048_576;

/**
 * Runs once and writes `rotator.json`. What fails is in the report and does not stop the rest. Throws `shards_owned` while
 * another process works on the shards, `rotation_paused`, `log_damaged` for a manifest that cannot be read, `data_dir_unusable`.
 */
export async function rotateOnce(options: RotateOptions): Promise<RotationReport> {
  const claim = await claimShards(options.dataDir, options.clock);
  try {
    refuseWhilePaused(options);
    return await new Run(options).toEnd();
  } finally {
    await claim.release();
  }
}

/** Only once the shards are claimed: whoever pauses sees by the claim whether a run had begun before. */
function refuseWhilePaused({ dataDir, clock }: RotateOptions): void {
  const pause = pauseInForce(readPause(dataDir), clock.now());
  if (pause === undefined) return;
  const message = `${describePause(pause)}; nothing is compressed or deleted: passerby rotate --resume lets it go on`;
  throw new PasserbyError("rotation_paused", message);
}

class Run {
  private readonly options: RotateOptions;
  private readonly onStep: OnStep;
  private readonly signal: AbortSignal;
  private readonly startedMs: number;
  private readonly counts = { sealed: 0, measured: 0, deleted: 0, settled: 0, compressed: 0 };
  private readonly errors: string[] = [];
  private readonly warnings = new Set<string>();
  private manifest: Manifest;

  constructor(options: RotateOptions) {
    this.options = options;
    this.onStep = options.onStep ?? (() => undefined);
    this.signal = options.signal ?? new AbortController().signal;
    this.startedMs = options.clock.monotonicMs();
    this.manifest = readManifest(options.dataDir);
  }

  async toEnd(): Promise<RotationReport> {
    const { dataDir } = this.options;
    if (removeRotatorLeftovers(dataDir) > 0) this.onStep("leftovers removed");
    await this.try("erasing", () => this.settleErasures());
    await this.try("sealing", () => this.seal());
    const before = sumShards(findFiles(dataDir));
    await this.try("deleting", async () => this.delete(this.plan()));
    await this.try("manifest.json", () => this.measure(this.plan()));
    await this.settle(this.plan());
    await this.compress(this.plan());
    return this.report(before);
  }

  private async settleErasures(): Promise<void> {
    const { dataDir } = this.options;
    try {
      await settleErasures(dataDir);
    } finally {
      this.manifest = readManifest(dataDir);
    }
  }

  private plan(): RotationPlan {
    const { dataDir, clock, policy } = this.options;
    const imports = readImportKeeps(dataDir);
    const found = findFiles(dataDir);
    const plan = planRotation({ found, manifest: this.manifest, imports: imports.byShard, nowMs: clock.now(), policy });
    for (const warning of [...imports.warnings, ...plan.warnings]) this.warnings.add(warning);
    return plan;
  }

  private async seal(): Promise<void> {
    const { dataDir, clock, policy } = this.options;
    const onWarning = (message: string): void => void this.warnings.add(message);
    this.counts.sealed = await sealDue({ dataDir, clock, maxBytes: policy.maxBytes, onWarning });
    this.onStep("sealed");
  }

  private delete({ deletions }: RotationPlan): void {
    const { dataDir } = this.options;
    if (this.isToEnd()) return;
    try {
      this.manifest = deleteFiles(dataDir, { manifest: this.manifest, deletions, onStep: this.onStep });
    } catch (error) {
      // It has the numbers of what was deleted before the failure: written without them, names would be used again.
      this.manifest = readManifest(dataDir);
      throw error;
    }
    this.counts.deleted = deletions.reduce((sum, { files }) => sum + Math.min(files.length, 1), 0);
  }

  private async measure({ measurements }: RotationPlan): Promise<void> {
    let manifest = this.manifest;
    for (const measuring of measurements) {
      if (this.isToEnd()) break;
      const facts = await this.measureOne(measuring);
      if (facts === undefined) continue;
      manifest = withShard(manifest, measuring.shard, facts);
      this.counts.measured += 1;
      this.onStep("shard measured");
    }
    if (manifest === this.manifest) return;
    writeManifest(this.options.dataDir, manifest);
    this.manifest = manifest;
    this.onStep("manifest with the measured");
  }

  private async measureOne({ file }: Measuring): Promise<ShardFacts | undefined> {
    let facts: ShardFacts | undefined;
    await this.try(file, async () => {
      facts = { ...(await measureShard(join(this.options.dataDir, file))), generation: 0 };
    });
    return facts;
  }

  private async settle({ settlements }: RotationPlan): Promise<void> {
    for (const { found } of settlements) {
      const facts = this.manifest.shards.get(found.shard);
      if (facts === undefined || this.isToEnd()) continue;
      await this.try(found.shard, async () => {
        await settleForms(this.options.dataDir, { found, facts, onStep: this.onStep });
        this.counts.settled += 1;
      });
    }
  }

  private async compress({ compressions }: RotationPlan): Promise<void> {
    const { dataDir, policy } = this.options;
    for (const { shard } of compressions) {
      const facts = this.manifest.shards.get(shard);
      if (this.isToEnd()) return;
      if (facts === undefined) continue; // It could not be measured, which is an error of this run already.
      const common = { dataDir, shard, facts, signal: this.signal, onStep: this.onStep };
      const isRoomLeft = await this.try(shard, async () => {
        await compressShard({ ...common, compression: policy.compress });
        this.counts.compressed += 1;
      });
      if (!isRoomLeft) return;
    }
  }

  /** True once it was told to stop, or the rotation was paused. */
  private isToEnd(): boolean {
    const { dataDir, clock } = this.options;
    if (this.signal.aborted) return true;
    const pause = pauseInForce(readPause(dataDir), clock.now());
    if (pause === undefined) return false;
    this.warnings.add(`the rest of this run is left out: ${describePause(pause)}`);
    return true;
  }

  /** Goes on after a failure, and returns false where the next try of the kind would only fail as well: on a full disk. */
  private async try(what: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (this.signal.aborted && error instanceof Error && error.name === "AbortError") return true;
      this.errors.push(`${what}: ${describeError(error)}`);
      return systemErrorCode(error) !== "ENOSPC";
    }
  }

  private report(before: number): RotationReport {
    const { dataDir, clock, policy, intervalSeconds } = this.options;
    const now = new Date(clock.now()).toISOString();
    const lastSuccessMs = readRotatorState(dataDir)?.lastSuccessMs ?? null;
    const earlier = lastSuccessMs === null ? null : new Date(lastSuccessMs).toISOString();
    const state: RotatorState = {
      last_run: now,
      last_success: this.errors.length === 0 ? now : earlier,
      pid: process.pid,
      flags: {
        interval_seconds: intervalSeconds,
        gzip_after_days: policy.gzipAfterDays,
        delete_after_days: policy.deleteAfterDays,
        max_mb: policy.maxBytes / MEBIBYTE,
        compress: policy.compress,
      },
      counts: this.counts,
      bytes: { before, after: sumShards(findFiles(dataDir)) },
      errors: this.errors.slice(0, MAX_LINES_TOLD),
      warnings: [...this.warnings].slice(0, MAX_LINES_TOLD),
    };
    const seconds = (clock.monotonicMs() - this.startedMs) / 1_000;
    try {
      writeRotatorState(dataDir, state);
      this.onStep("state written");
      return { ...state, seconds };
    } catch (error) {
      return { ...state, errors: [...state.errors, `rotator.json: ${describeError(error)}`], seconds };
    }
  }
}

function sumShards({ shards }: FoundFiles): number {
  return shards.reduce((sum, { forms }) => forms.reduce((of, { bytes }) => of + bytes, sum), 0);
}

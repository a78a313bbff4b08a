/** Brings the newest events into sealed shards, whoever owns the data directory, so that a backup copies what changes no more. */
import { setTimeout as delay } from "node:timers/promises";
import { Compile } from "typebox/compile";
import type { Clock } from "../../clock.ts";
import { describeError, PasserbyError } from "../../errors.ts";
import { settleActiveFiles } from "../../log/files/settle-active-files.ts";
import { askOwner } from "../../log/owner/control-channel.ts";
import { claimAbandoned } from "../../log/owner/orphans.ts";
import { claimShards, type Ownership } from "../../log/owner/ownership.ts";

export type SettleNewestOptions = {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly onWarning: (message: string) => void;
};

/**
 * `sealed`: every event that was acknowledged before is in a sealed shard. `open`: active files that are left hold some, and
 * are to be copied as they are; `acknowledgedBytes` is what a collector has told of a file, if it is its only one.
 */
export type Settled =
  | { readonly kind: "sealed" }
  | { readonly kind: "open"; readonly acknowledgedBytes: (file: string) => number | undefined };

const POLL_MS = 100;
/** A collector that starts or stops has settled the ownership within this many polls. */
const OWNER_TRIES = 50;
/** A rotator's run over a day's shards takes seconds. */
const SHARDS_TRIES = 600;

const statusShape = Compile({
  type: "object",
  required: ["file", "fileBytes"],
  properties: { file: { type: "string" }, fileBytes: { type: "integer" } },
} as const);

/** Asks the running collector to seal, or seals where none runs. Throws `data_dir_owned` where neither can be done. */
export async function settleNewest(options: SettleNewestOptions): Promise<Settled> {
  const { dataDir, onWarning } = options;
  for (let tries = 1; ; tries++) {
    try {
      if ((await askOwner(dataDir, "seal")) !== undefined) return { kind: "sealed" };
    } catch (error) {
      if (!(error instanceof PasserbyError)) throw error;
      if (error.code === "log_unavailable" && tries < OWNER_TRIES) {
        await delay(POLL_MS); // It is still starting, or its disk is full.
        continue;
      }
      if (error.code !== "not_found") onWarning(`the collector could not seal: ${describeError(error)}`);
      return { kind: "open", acknowledgedBytes: await askAcknowledged(dataDir) };
    }
    try {
      await settleAlone(options);
      // Nothing is left open but what could not be sealed, which was warned about.
      return { kind: "open", acknowledgedBytes: () => undefined };
    } catch (error) {
      // A collector that has just come answers the next time.
      const isOwned = error instanceof PasserbyError && error.code === "data_dir_owned";
      if (!isOwned || tries === OWNER_TRIES) throw error;
      await delay(POLL_MS);
    }
  }
}

/** Claims the shards, for which a rotator that is at work is waited for. Throws `shards_owned` after a minute. */
export async function waitForShards(dataDir: string, clock: Clock): Promise<Ownership> {
  for (let tries = 1; ; tries++) {
    try {
      return await claimShards(dataDir, clock);
    } catch (error) {
      const isOwned = error instanceof PasserbyError && error.code === "shards_owned";
      if (!isOwned || tries === SHARDS_TRIES) throw error;
      await delay(POLL_MS);
    }
  }
}

async function settleAlone({ dataDir, clock, onWarning }: SettleNewestOptions): Promise<void> {
  const ownership = await claimAbandoned(dataDir, clock);
  try {
    settleActiveFiles({ dataDir, onWarning }, new Set());
  } finally {
    await ownership.release();
  }
}

async function askAcknowledged(dataDir: string): Promise<(file: string) => number | undefined> {
  const status = await askOwner(dataDir, "status").catch(() => undefined);
  return (file) => (statusShape.Check(status) && status.file === file ? status.fileBytes : undefined);
}

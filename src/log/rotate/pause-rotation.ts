/** Holds the rotators of a data directory, or lets them go on; the rehearsed way to keep old files from being deleted. */
import { setTimeout as delay } from "node:timers/promises";
import type { Asker } from "../../change-note.ts";
import type { Clock } from "../../clock.ts";
import { isShardsClaimed } from "../owner/ownership.ts";
import { type RotationPause, writePause } from "./pause.ts";

/** A run ends after the step it is at, which takes seconds; what takes longer is told. */
const WAIT_MS = 30_000;
const RETRY_MS = 100;

export type PauseChange = {
  readonly dataDir: string;
  readonly clock: Clock;
  /** False: resume. */
  readonly paused: boolean;
  /** How long it holds; null: until it is resumed. */
  readonly forMs: number | null;
  readonly who: Asker;
  readonly why: string | null;
};

export type PauseOutcome = {
  readonly pause: RotationPause;
  /** Whether somebody still works on the shards: a run at a long step, or a command that does not rotate (`erase`, `backup`). */
  readonly isBusy: boolean;
};

/**
 * Writes the change down, and returns when no run is under way any more: a run that begins later looks first. Throws
 * `data_dir_unusable`, and nothing has changed then.
 */
export async function pauseRotation({ dataDir, clock, paused, forMs, who, why }: PauseChange): Promise<PauseOutcome> {
  const nowMs = clock.now();
  const until = forMs === null ? null : new Date(nowMs + forMs).toISOString();
  const pause: RotationPause = { paused, until, at: new Date(nowMs).toISOString(), who, why };
  writePause(dataDir, pause);
  return { pause, isBusy: paused && !(await waitForRun(dataDir, clock)) };
}

/** Waits for whoever has the shards, and returns whether nobody has them any more. */
async function waitForRun(dataDir: string, clock: Clock): Promise<boolean> {
  const endMs = clock.monotonicMs() + WAIT_MS;
  while (await isShardsClaimed(dataDir)) {
    if (clock.monotonicMs() > endMs) return false;
    await delay(RETRY_MS);
  }
  return true;
}

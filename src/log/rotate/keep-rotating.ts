/** The rotator as a process of its own: one run after the other, until it is told to stop. */
import { setTimeout as delay } from "node:timers/promises";
import { type ErrorCode, PasserbyError } from "../../errors.ts";
import { claimRotation } from "../owner/ownership.ts";
import { type RotateOptions, type RotationReport, rotateOnce } from "./rotator.ts";

export type KeepRotatingOptions = Omit<RotateOptions, "signal" | "intervalSeconds"> & {
  readonly intervalSeconds: number;
  readonly signal: AbortSignal;
  readonly onReport: (report: RotationReport) => void;
  /** Told in one line why a run could not begin. */
  readonly onSkipped: (message: string) => void;
};

/** What will pass: a process that waits for it has not failed. */
const PASSING: readonly ErrorCode[] = ["shards_owned", "rotation_paused"];

/**
 * Runs at once and then every interval until the signal is aborted. A run that meets another process at work on the
 * shards (`erase`, `backup`) is left out, and so is every run while the rotation is paused. Throws `shards_owned` when another rotator runs already, and what the first run
 * cannot begin for.
 */
export async function keepRotating(options: KeepRotatingOptions): Promise<void> {
  const { dataDir, clock, intervalSeconds, signal, onReport, onSkipped } = options;
  const claim = await claimRotation(dataDir, clock);
  try {
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      try {
        onReport(await rotateOnce(options));
      } catch (error) {
        if (!(error instanceof PasserbyError)) throw error;
        if (isFirst && !PASSING.includes(error.code)) throw error;
        onSkipped(error.message);
      }
      await delay(intervalSeconds * 1_000, undefined, { signal }).catch(() => undefined); // It was told to stop.
    }
  } finally {
    await claim.release();
  }
}

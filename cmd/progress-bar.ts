/** A progress bar for a person who waits; nothing for a file or another program. */
import { SingleBar } from "cli-progress";

export type ProgressBar = {
  /** Shows a share of the work, 0 to 1. */
  readonly update: (share: number) => void;
  readonly stop: () => void;
};

const STEPS = 1000;

/** Starts a bar on standard error, where that is a terminal and `isQuiet` is not set. `label` says what goes on. */
export function startProgressBar(label: string, isQuiet: boolean): ProgressBar {
  if (isQuiet || !process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    format: `${label} {bar} {percentage} % | {eta_formatted} left`,
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    etaBuffer: 100,
  });
  bar.start(STEPS, 0);
  return {
    update: (share) => bar.update(Math.min(Math.floor(share * STEPS), STEPS)),
    stop: () => bar.stop(),
  };
}

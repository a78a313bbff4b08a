/** The bar that long work shows to a person who waits at a terminal. */
import { SingleBar } from "cli-progress";

export type Progress = {
  /** Told the share of the work that is done, from 0 to 1, and what else there is to say. */
  readonly update: (share: number, detail?: string) => void;
  readonly stop: () => void;
};

const STEPS = 1000;

/** Starts a bar on standard error; nothing is shown when `isQuiet`, to a file or to another program. */
export function startBar(verb: string, isQuiet: boolean): Progress {
  if (isQuiet || !process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    format: `${verb} {bar} {percentage} % | {detail}{eta_formatted} left`,
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    etaBuffer: 100,
  });
  bar.start(STEPS, 0, { detail: "" });
  return {
    update: (share, detail) => {
      const shown = detail === undefined ? "" : `${detail} | `;
      bar.update(Math.min(Math.floor(share * STEPS), STEPS), { detail: shown });
    },
    stop: () => bar.stop(),
  };
}

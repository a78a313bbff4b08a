/** Entry of the process that runs the rotator once beside a server: it is told what to do, tells what it did, and ends. */
import { systemClock } from "../../clock.ts";
import { describeError, PasserbyError } from "../../errors.ts";
import { lowerPriority } from "../../log/rotate/low-priority.ts";
import type { RotationPolicy } from "../../log/rotate/plan.ts";
import { type RotationReport, rotateOnce } from "../../log/rotate/rotator.ts";

/** What the process is told. */
export type RotationOrder = {
  readonly dataDir: string;
  readonly policy: RotationPolicy;
  readonly intervalSeconds: number;
};

/** What it tells: what was done, or why nothing could be; `isBusy` where another process is at work on the shards. */
export type RotationOutcome =
  | { readonly report: RotationReport }
  | { readonly failure: string; readonly isBusy: boolean };

const stopping = new AbortController();
let hasBegun = false;

async function rotate(order: RotationOrder): Promise<RotationOutcome> {
  lowerPriority();
  try {
    return { report: await rotateOnce({ ...order, clock: systemClock, signal: stopping.signal }) };
  } catch (error) {
    const isBusy = error instanceof PasserbyError && error.code === "shards_owned";
    return { failure: describeError(error), isBusy };
  }
}

process.once("message", async (order: RotationOrder) => {
  hasBegun = true;
  process.once("disconnect", () => stopping.abort());
  const outcome = await rotate(order);
  if (process.connected) process.send?.(outcome, () => process.exit());
  else process.exit();
});
// A terminal signals all processes of a group; the server hangs up when it stops, and by being killed.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
// Hung up on before anything was begun: while this file was loaded, or right after. No order comes any more.
process.once("disconnect", () => {
  if (!hasBegun) process.exit();
});
if (!process.connected) process.exit();

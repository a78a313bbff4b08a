/** The sample step: keeps whole visitors with the server's rate and notes that rate on each event it keeps. */
import type { DropReason } from "../event.ts";
import { SERVER_SEED, unitInterval } from "../sampling.ts";
import { type Draft, isSmoke } from "./draft.ts";

/** Drops an event of a visitor that the rate (0 to 1) leaves out; smoke events pass with probability 1. */
export function sample(draft: Draft, rate: number): DropReason | undefined {
  if (isSmoke(draft)) {
    draft.event.sampleRate = 1;
    return undefined;
  }
  draft.event.serverSampleRate = rate;
  if (rate >= 1) return undefined;
  return unitInterval(draft.event.visitorId, SERVER_SEED) < rate ? undefined : "sampled_out";
}

/** Faults of a deployment that are seen from outside only. */
import type { LiveChange } from "../live/live-deployment.ts";

export type LiveFault = {
  /** What is wrong, as a sentence of fact. */
  readonly name: string;
  readonly change: LiveChange;
  /** The one check that must find it. */
  readonly finds: string;
  /** What its evidence must name. */
  readonly names: RegExp;
};

export const LIVE_FAULTS: readonly LiveFault[] = [];

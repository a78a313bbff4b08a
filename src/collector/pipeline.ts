/**
 * The collector's heart: the list of steps that an event passes between a request body and the log, in order.
 *
 *   decode ▸ validate ▸ gate ▸ identify ▸ classify ▸ scrub ▸ enrich ▸ deduplicate ▸ sample ▸ append
 *
 * decode and validate see the whole request, because without `partial` one bad event refuses all of it; append sees
 * what is left of the batch, because its events share one write. The steps between see one event each: a step fills in
 * the draft, or says with a reason of the closed list why the event is dropped. No step waits for anything;
 * an event whose other copy is still on its way to the disk is decided about by append (duplicates/store-once.ts).
 * Between two events other requests get their turn, so that a batch of the largest events holds up nobody.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import type { Settings } from "../config.ts";
import type { DropReason } from "../event.ts";
import type { Control } from "./control/control.ts";
import type { Draft } from "./draft.ts";
import { deduplicate } from "./duplicates/deduplicate.ts";
import type { ReadyEvent } from "./duplicates/store-once.ts";
import { classifyEvent, type EnrichState, enrichEvent } from "./enrichment/enrich-event.ts";
import { gate } from "./gate.ts";
import { type IdentityState, identify } from "./identity/identify.ts";
import { type Scrubbers, scrubEvent } from "./privacy/scrub-event.ts";
import { sample } from "./sample.ts";

/** What the steps lean on; made once at start. */
export type PipelineState = EnrichState & {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly identity: IdentityState;
  readonly scrubbers: Scrubbers;
  /** Says whether an event with this id is stored already. */
  readonly isStored: (eventId: string) => boolean;
  /** What the brake lets through right now. */
  readonly control: Control;
};

type Step = {
  readonly name: string;
  readonly run: (draft: Draft, state: PipelineState) => DropReason | undefined;
};

/** The steps that see one event each, in the order in which they run. */
export const STEPS: readonly Step[] = [
  { name: "gate", run: (draft, state) => gate(draft, state) },
  { name: "identify", run: (draft, state) => identify(draft, state.identity) },
  { name: "classify", run: (draft, state) => classifyEvent(draft, state) },
  { name: "scrub", run: (draft, state) => scrubEvent(draft, state.scrubbers) },
  { name: "enrich", run: (draft, state) => enrichEvent(draft, state) },
  { name: "deduplicate", run: (draft, state) => deduplicate(draft, state.isStored) },
  { name: "sample", run: (draft, state) => sample(draft, state.control.sampleRate(draft.receivedAtMs)) },
];

/** An event that was left out on purpose. */
export type Drop = { readonly site: string; readonly reason: DropReason };

/** A batch after the steps: what is ready to be appended, what was dropped, and how many values were redacted. */
export type Processed = {
  readonly ready: readonly ReadyEvent[];
  readonly dropped: readonly Drop[];
  readonly redacted: number;
};

/** How long a batch may keep the event loop before others get a turn; the costliest event takes about as long again. */
const TURN_MS = 10;

/** Events between two looks at the clock. */
const CLOCK_EVERY = 4;

/** Runs the steps over a batch. */
export async function runAll(drafts: readonly Draft[], state: PipelineState): Promise<Processed> {
  const ready: ReadyEvent[] = [];
  const dropped: Drop[] = [];
  let redacted = 0;
  let turnBegan = drafts.length > CLOCK_EVERY ? state.clock.monotonicMs() : 0;
  for (const [index, draft] of drafts.entries()) {
    const isDue = index > 0 && index % CLOCK_EVERY === 0;
    if (isDue && state.clock.monotonicMs() - turnBegan > TURN_MS) {
      await nextTurn();
      turnBegan = state.clock.monotonicMs();
    }
    const reason = runSteps(draft, state);
    redacted += draft.redacted;
    if (reason === undefined) ready.push({ event: draft.event, hasClientId: draft.input.event_id !== undefined });
    else dropped.push({ site: draft.event.site, reason });
  }
  return { ready, dropped, redacted };
}

function runSteps(draft: Draft, state: PipelineState): DropReason | undefined {
  for (const step of STEPS) {
    const reason = step.run(draft, state);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

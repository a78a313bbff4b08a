/** A rollback lever pulled for a moment on a running system, by the very command that an owner would type, and put back. */
import { setTimeout as delay } from "node:timers/promises";
import { type Evidence, type Finding, fail, pass, skip } from "../check.ts";
import type { DoctorOptions } from "../inputs.ts";
import { listIn, parseJson, textIn, valueIn } from "../probe/json-values.ts";

/** What `passerby brake status --json` says, as far as a rehearsal needs it. */
export type LeverStatus = {
  readonly running: boolean;
  readonly brakes: readonly BrakeStatus[];
  /** Positions of the two levers that are no brakes of the collector; undefined where they cannot be seen. */
  readonly edge: string | undefined;
  readonly rotator: string | undefined;
};

type BrakeStatus = {
  readonly target: string;
  readonly site: string | null;
  readonly until: string | null;
};

export type Lever = {
  /** Arguments of `passerby` that pull it, with an end of its own, so that it ends even if the doctor is killed. */
  readonly pull: readonly string[];
  /** Arguments that put it back; undefined where it has to end by itself, since that alone leaves what was set before. */
  readonly putBack: readonly string[] | undefined;
  /** Whether it is pulled already, and must not be touched. */
  readonly isHeld: (status: LeverStatus) => boolean;
  /** What shows that it works; undefined where it does. */
  readonly problem: () => Promise<Evidence | undefined>;
  /** What shows that all is as before; undefined where it is. */
  readonly leftOver: () => Promise<Evidence | undefined>;
};

export const REHEARSAL_REASON = "rehearsal by passerby doctor";
/** How long a lever is held. */
export const HOLD = "3s";
const HOLD_MS = 3_000;
const ASK_AGAIN_MS = 250;
/** An effect that is not there by then does not come. */
const GIVE_UP_MS = 10_000;

/** Runs a rehearsal. `status` are the arguments that ask how all levers stand. */
export async function rehearse(lever: Lever, options: DoctorOptions, status: readonly string[]): Promise<Finding> {
  const before = readLeverStatus((await options.passerby(status)).stdout);
  if (before === undefined) return skip(`passerby ${status.join(" ")} gives no answer: see that --data-dir is right`);
  if (lever.isHeld(before)) return skip("it is pulled just now: rehearse it when that is over");
  const pulled = `passerby ${lever.pull.join(" ")}`;
  const { code, stderr } = await options.passerby(lever.pull);
  if (code !== 0 && lever.putBack !== undefined) await options.passerby(lever.putBack);
  if (code !== 0)
    return fail([{ what: pulled, found: stderr.trim() }], { text: "The lever does not move: see what it says." });
  const problem = await untilGone(lever.problem);
  if (lever.putBack !== undefined) await options.passerby(lever.putBack);
  else await delay(HOLD_MS);
  const leftOver = await untilGone(lever.leftOver);
  if (problem !== undefined)
    return fail([{ what: pulled, found: "moved" }, problem], { text: "The lever moves, and nothing obeys it." });
  if (leftOver === undefined) return pass({ what: pulled, found: "worked, and all is as before" });
  return fail([leftOver], {
    text: "The lever works and is not back: put it back by hand.",
    commands: ["passerby brake status"],
  });
}

async function untilGone(look: () => Promise<Evidence | undefined>): Promise<Evidence | undefined> {
  const endMs = performance.now() + GIVE_UP_MS;
  for (;;) {
    const seen = await look();
    if (seen === undefined || performance.now() > endMs) return seen;
    await delay(ASK_AGAIN_MS);
  }
}

/** Reads the answer of `passerby brake status --json`; undefined where it is none. */
export function readLeverStatus(text: string): LeverStatus | undefined {
  const body = parseJson(text);
  if (!Array.isArray(valueIn(body, "brakes"))) return undefined;
  return {
    running: valueIn(body, "running") === true,
    brakes: listIn(body, "brakes").map((brake) => ({
      target: textIn(brake, "target"),
      site: textIn(brake, "site") || null,
      until: textIn(brake, "until") || null,
    })),
    edge: textIn(body, "edge", "position") || undefined,
    rotator: textIn(body, "rotator", "position") || undefined,
  };
}

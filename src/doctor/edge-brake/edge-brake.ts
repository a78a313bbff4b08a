/**
 * Brakes the edge, or lets it go, as one step that can be undone:
 *
 *   write the file ─▶ nginx -t ─▶ nginx -s reload ─▶ ask the edge until it does as it was told
 *        ▲               │ refused         │ failed
 *        └── put back ◀──┴─────────────────┘
 *
 * Killed in between it leaves a file that nginx has not read: the same command again, or its opposite, puts that right. A
 * brake with an end needs nobody to end it: the time is in the rule itself, and what is left of the file does nothing.
 */
import type { Asker } from "../../change-note.ts";
import type { Clock } from "../../clock.ts";
import { describeError, PasserbyError } from "../../errors.ts";
import { printInclude } from "./brake-include.ts";
import {
  type EdgeBrakeState,
  exchangeInclude,
  listForeign,
  putBack,
  readEdgeBrake,
  requireEdge,
} from "./edge-folder.ts";
import { runNginx } from "./nginx-command.ts";
import { checkEdge, type EdgeAddress, type EdgeCheck, findAddress } from "./probe-edge.ts";

export type EdgeBrakeChange = {
  readonly position: "on" | "off";
  /** Folder of the edge's files. */
  readonly dir: string;
  /** How nginx is run, by words. */
  readonly nginx: readonly string[];
  /** Where the edge is asked afterwards; undefined: where its files on this machine say. */
  readonly address: EdgeAddress | undefined;
  /** How long it holds, counted up to a whole second; null: until it is changed. */
  readonly forMs: number | null;
  readonly who: Asker;
  readonly why: string | null;
  readonly clock: Clock;
};

export type EdgeBrakeOutcome = {
  readonly state: EdgeBrakeState;
  /** Null where it is not known whom to ask. */
  readonly check: EdgeCheck | null;
};

/**
 * Makes a change, and returns when nginx has taken it and the edge was asked. Throws `edge_unusable` where that cannot be
 * done or nginx refuses: what was there before is back then.
 */
export async function changeEdgeBrake(change: EdgeBrakeChange): Promise<EdgeBrakeOutcome> {
  const { position, dir, nginx, clock } = change;
  requireEdge(dir);
  if (position === "off") refuseForeign(dir);
  const before = exchangeInclude(dir, position === "on" ? textFor(change) : undefined);
  try {
    await runNginx(nginx, ["-t"]);
    await runNginx(nginx, ["-s", "reload"]);
  } catch (error) {
    putBack(dir, before);
    const code = error instanceof PasserbyError ? error.code : "internal_error";
    throw new PasserbyError(code, `nothing was changed: ${describeError(error)}`, { cause: error });
  }
  const address = change.address ?? findAddress(dir);
  const check = address === undefined ? null : await checkEdge(address, position === "on");
  return { state: readEdgeBrake(dir, clock.now()), check };
}

function textFor({ forMs, who, why, clock }: EdgeBrakeChange): string {
  const nowMs = clock.now();
  const until = forMs === null ? null : new Date(Math.ceil((nowMs + forMs) / 1_000) * 1_000).toISOString();
  return printInclude({ at: new Date(nowMs).toISOString(), who, why, until });
}

function refuseForeign(dir: string): void {
  const foreign = listForeign(dir);
  if (foreign.length === 0) return;
  const names = foreign.map((name) => `on/${name}`).join(", ");
  const message = `nothing was changed: ${dir} is braked by ${names}, which somebody put there by hand: take it away first`;
  throw new PasserbyError("edge_unusable", message);
}

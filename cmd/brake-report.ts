/** What `passerby brake` says of the brakes, for a person and as JSON. */
import { describeAsker } from "../src/change-note.ts";
import type { AuditLine } from "../src/collector/control/audit-file.ts";
import {
  type Brake,
  type BrakeName,
  type BrakePosition,
  type ControlState,
  listBrakes,
  noteAt,
  positionAt,
} from "../src/collector/control/control-state.ts";
import type { EdgeBrakeState } from "../src/doctor/edge-brake/edge-folder.ts";
import type { RotationPause } from "../src/log/rotate/pause.ts";
import {
  edgeJson,
  edgeLines,
  leverLine,
  noteJson,
  noteLines,
  type Read,
  rotatorJson,
  rotatorLines,
} from "./lever-report.ts";

/** What is known of the levers at one moment: the brakes and the rotation of a data directory, and an edge. */
export type BrakeFacts = {
  readonly state: ControlState;
  readonly changes: readonly AuditLine[];
  readonly edge: Read<EdgeBrakeState>;
  readonly pause: Read<RotationPause | undefined>;
  readonly nowMs: number;
  /** Whether a collector runs on the data directory and obeys. */
  readonly isRunning: boolean;
};

/** Writes the facts in the names of the wire. `until` and `afterwards` are null for a position without an end. */
export function brakeJson({ state, changes, edge, pause, nowMs, isRunning }: BrakeFacts): string {
  const brakes = listBrakes(state).map(([name, brake]) => {
    const until = endOf(brake, nowMs);
    const afterwards = until === null ? null : brake.standing;
    return { ...name, position: positionAt(brake, nowMs), until, afterwards, ...noteJson(noteAt(brake, nowMs)) };
  });
  const others = { edge: edgeJson(edge), rotator: rotatorJson(pause, nowMs) };
  return JSON.stringify({ running: isRunning, brakes, ...others, changes });
}

/** Writes the facts for a person. */
export function brakeText({ state, changes, edge, pause, nowMs, isRunning }: BrakeFacts): string {
  const brakes = listBrakes(state)
    .filter(([{ site }, brake]) => site === null || positionAt(brake, nowMs) !== "off" || endOf(brake, nowMs) !== null)
    .flatMap(([name, brake]) => [
      leverLine(nameText(name), brakeStateText(name, brake, nowMs)),
      ...noteLines(noteAt(brake, nowMs)),
    ]);
  const lines = [...brakes, ...edgeLines(edge), ...rotatorLines(pause, nowMs)];
  if (!isRunning) lines.push("No collector runs here: collector and tracker hold from the next start on.");
  if (changes.length > 0) lines.push("", "Last changes:", ...changes.map(changeText));
  return lines.join("\n");
}

function nameText({ target, site }: BrakeName): string {
  return site === null ? target : `${target} of ${site}  `;
}

function brakeStateText({ target }: BrakeName, brake: Brake, nowMs: number): string {
  const until = endOf(brake, nowMs);
  const end = until === null ? "" : ` until ${until}, then ${positionText(brake.standing)}`;
  return `${positionText(positionAt(brake, nowMs))}${end} (${MEANING[target](positionAt(brake, nowMs))})`;
}

const MEANING: Readonly<Record<BrakeName["target"], (position: BrakePosition) => string>> = {
  collector: (position) => {
    if (position === "on") return "every event is dropped";
    return position === "off" ? "METRICS_SAMPLE_RATE holds" : "in place of METRICS_SAMPLE_RATE";
  },
  tracker: (position) => {
    if (position === "on") return "pages send nothing";
    return position === "off" ? "pages go by their own rate" : "in place of the rate of the page";
  },
};

function positionText(position: BrakePosition): string {
  return typeof position === "number" ? `rate ${position}` : position;
}

function endOf({ temporary }: Brake, nowMs: number): string | null {
  return temporary !== null && nowMs < Date.parse(temporary.until) ? temporary.until : null;
}

function changeText({ at, action, position, until, who, why, ...name }: AuditLine): string {
  const what = `${nameText(name).trimEnd()} ${positionText(position)}`;
  if (action === "ended") return `  ${at}  ${what} ended by itself`;
  const by = who === null ? "" : ` by ${describeAsker(who)}`;
  const reason = typeof why === "string" ? `: ${why}` : "";
  return `  ${at}  ${what}${until === null ? "" : ` until ${until}`}${by}${reason}`;
}

/** What `passerby brake` says of the brakes, for a person and as JSON. */
import type { AuditLine } from "../src/collector/control/audit-file.ts";
import {
  type Brake,
  type BrakeName,
  type BrakePosition,
  type ControlState,
  listBrakes,
  positionAt,
} from "../src/collector/control/control-state.ts";

/** What is known of the brakes of a data directory at one moment. */
export type BrakeFacts = {
  readonly state: ControlState;
  readonly changes: readonly AuditLine[];
  readonly nowMs: number;
  /** Whether a collector runs on the data directory and obeys. */
  readonly isRunning: boolean;
};

/** Writes the facts in the names of the wire. `until` and `afterwards` are null for a position without an end. */
export function brakeJson({ state, changes, nowMs, isRunning }: BrakeFacts): string {
  const brakes = listBrakes(state).map(([name, brake]) => {
    const until = endOf(brake, nowMs);
    const afterwards = until === null ? null : brake.standing;
    return { ...name, position: positionAt(brake, nowMs), until, afterwards };
  });
  return JSON.stringify({ running: isRunning, brakes, changes });
}

/** Writes the facts for a person. */
export function brakeText({ state, changes, nowMs, isRunning }: BrakeFacts): string {
  const lines = listBrakes(state)
    .filter(([{ site }, brake]) => site === null || positionAt(brake, nowMs) !== "off" || endOf(brake, nowMs) !== null)
    .map(([name, brake]) => `${nameText(name).padEnd(12)}${brakeStateText(name, brake, nowMs)}`);
  if (!isRunning) lines.push("No collector runs here: this holds from the next start on.");
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

function changeText({ at, action, position, until, who, ...name }: AuditLine): string {
  const what = `${nameText(name).trimEnd()} ${positionText(position)}`;
  if (action === "ended") return `  ${at}  ${what} ended by itself`;
  const by = who === null ? "" : ` by ${who.user ?? "?"} (uid ${who.uid ?? "?"}, process ${who.pid})`;
  return `  ${at}  ${what}${until === null ? "" : ` until ${until}`}${by}`;
}

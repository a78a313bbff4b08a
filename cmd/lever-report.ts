/** What `passerby brake` says of the levers outside of the collector's control file: the edge, and the rotator. */
import { type ChangeNote, describeNote } from "../src/change-note.ts";
import type { EdgeBrakeState } from "../src/doctor/edge-brake/edge-folder.ts";
import type { EdgeCheck } from "../src/doctor/edge-brake/probe-edge.ts";
import { describeError } from "../src/errors.ts";
import { pauseInForce, type RotationPause } from "../src/log/rotate/pause.ts";

/** What was read, or why it could not be: a status says what it can. */
export type Read<Value> = { readonly value: Value } | { readonly failure: string };

/** Reads something; a failure is told and not thrown. */
export function tryRead<Value>(read: () => Value): Read<Value> {
  try {
    return { value: read() };
  } catch (error) {
    return { failure: describeError(error) };
  }
}

/** The edge as JSON; `until`, `at`, `who` and `why` are null where they are not known. */
export function edgeJson(edge: Read<EdgeBrakeState>): Readonly<Record<string, unknown>> {
  if ("failure" in edge) return { position: "unknown", ...noteJson(null), until: null, failure: edge.failure };
  const { dir, position, brake, byHand } = edge.value;
  const ended = position === "off" ? (brake?.until ?? null) : null;
  const until = position === "on" && byHand.length === 0 ? (brake?.until ?? null) : null;
  const note = position === "on" ? brake : null;
  return { position, until, ...noteJson(note), dir, by_hand: byHand, ended };
}

/** The edge for a person: one line, and one of who set it. */
export function edgeLines(edge: Read<EdgeBrakeState>): readonly string[] {
  if ("failure" in edge) return [leverLine("edge", `unknown: ${edge.failure}`)];
  const { dir, position, brake, byHand } = edge.value;
  if (position === "unknown") return [leverLine("edge", "unknown: no edge here (give --edge-dir)")];
  if (position === "off") {
    const ended = brake === null ? "" : `; that until ${brake.until} has ended by itself`;
    return [leverLine("edge", `off (nginx passes events on; ${dir})${ended}`)];
  }
  const means = `nginx answers every event 503; ${dir}`;
  const hand = byHand.map((name) => `on/${name}`).join(", ");
  if (byHand.length > 0) return [leverLine("edge", `on, put there by hand: ${hand} (${means})`), ...noteLines(brake)];
  const until = brake?.until ?? null;
  return [leverLine("edge", `on${until === null ? "" : ` until ${until}, then off`} (${means})`), ...noteLines(brake)];
}

/** What came of asking the edge, for a person. */
export function checkText(check: EdgeCheck | null, position: "on" | "off"): string {
  if (check === null) return "Not verified: give --url with the address of the edge.";
  const { url, isAsExpected, answer } = check;
  if (isAsExpected) return `Verified: POST ${url} is answered ${answer}.`;
  const wanted = position === "on" ? "does not brake yet" : "still brakes, or does not answer";
  return `NOT in force: nginx was reloaded, but the edge ${wanted}: POST ${url} is answered ${answer}.`;
}

/** The rotator as JSON. */
export function rotatorJson(pause: Read<RotationPause | undefined>, nowMs: number): Readonly<Record<string, unknown>> {
  if ("failure" in pause) return { position: "unknown", until: null, ...noteJson(null), failure: pause.failure };
  const held = pauseInForce(pause.value, nowMs);
  if (held !== undefined) return { position: "paused", until: held.until, ...noteJson(held) };
  return { position: "not_paused", until: null, ...noteJson(pause.value?.paused === false ? pause.value : null) };
}

/** The rotator for a person: one line, and one of who set it. */
export function rotatorLines(pause: Read<RotationPause | undefined>, nowMs: number): readonly string[] {
  if ("failure" in pause) return [leverLine("rotator", `unknown: ${pause.failure}`)];
  const held = pauseInForce(pause.value, nowMs);
  if (held !== undefined) {
    const end = held.until === null ? "" : ` until ${held.until}`;
    const means = "nothing is compressed or deleted: files of the log outlive METRICS_RETENTION_DAYS";
    return [leverLine("rotator", `paused${end} (${means})`), ...noteLines(held)];
  }
  if (pause.value === undefined) return [leverLine("rotator", "not paused")];
  const { paused, until } = pause.value;
  if (paused) return [leverLine("rotator", `not paused; the pause until ${until} has ended by itself`)];
  return [leverLine("rotator", "not paused"), ...noteLines(pause.value)];
}

/** A lever's line: its name in a column of its own. */
export function leverLine(name: string, text: string): string {
  return `${name.padEnd(NAME_WIDTH)}${text}`;
}

/** The line below a lever of who set it; none where that is not known. */
export function noteLines(note: ChangeNote | null): readonly string[] {
  return note === null ? [] : [leverLine("", `set ${describeNote(note)}`)];
}

/** Who set a lever, in the names of the wire. */
export function noteJson(note: ChangeNote | null): Readonly<Record<string, unknown>> {
  return { at: note?.at ?? null, who: note?.who ?? null, why: note?.why ?? null };
}

const NAME_WIDTH = 12;

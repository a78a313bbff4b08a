/**
 * The file that brakes the edge, as text: a rule of nginx, and who put it there until when in a comment. It is read back
 * strictly: what is not to the letter what would be written is somebody else's.
 */
import { Compile } from "typebox/compile";
import { type ChangeNote, isReason, NOTE_SCHEMA } from "../../change-note.ts";
import { numbersBelow } from "./end-pattern.ts";

/** Who put the brake on, and until when (ISO 8601 UTC, a whole second); null for no end. */
export type EdgeBrake = ChangeNote & { readonly until: string | null };

const HEAD = "# The emergency brake. `passerby brake off --edge` takes it away; who, when, why, until:";
const FACTS = "# ";

/** As in deploy/edge/passerby/available/brake.conf. */
const RULE = `if ($request_method = POST) {
    return 503;
}
`;

const factsSchema = Compile({
  type: "object",
  required: [...NOTE_SCHEMA.required, "until"],
  properties: { ...NOTE_SCHEMA.properties, until: { anyOf: [{ type: "string" }, { type: "null" }] } },
} as const);

/** Writes the file. */
export function printInclude({ at, who: { uid, user, pid }, why, until }: EdgeBrake): string {
  const facts = JSON.stringify({ at, who: { uid, user, pid }, why, until });
  return `${HEAD}\n${FACTS}${facts}\n\n${until === null ? RULE : ruleUntil(until)}`;
}

/** Reads a file; undefined for one that was not written here, or was changed since. */
export function parseInclude(text: string): EdgeBrake | undefined {
  const [, line = ""] = text.split("\n");
  const brake = parseFacts(line.slice(FACTS.length));
  if (brake === undefined || (brake.why !== null && !isReason(brake.why))) return undefined;
  const times = [brake.at, ...(brake.until === null ? [] : [brake.until])];
  if (times.some((time) => !isTime(time))) return undefined;
  return printInclude(brake) === text ? brake : undefined;
}

/** Says whether a brake still holds at a time in milliseconds since 1970. */
export function isInForce({ until }: EdgeBrake, nowMs: number): boolean {
  return until === null || nowMs < Date.parse(until);
}

/** The time of an event, in seconds with a fraction, is compared by its digits: no time zone, no restart, no daemon. */
function ruleUntil(until: string): string {
  const endSeconds = Math.ceil(Date.parse(until) / 1_000);
  return `# $edge_posted_at (passerby/maps.conf) is the time of a POST, in seconds since 1970: below ${endSeconds}.
if ($edge_posted_at ~ "^(?:${numbersBelow(endSeconds)})\\.") {
    return 503;
}
`;
}

function parseFacts(line: string): EdgeBrake | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return factsSchema.Check(value) ? value : undefined;
  } catch {
    return undefined; // Another file.
  }
}

function isTime(text: string): boolean {
  const time = Date.parse(text);
  return time > 0 && new Date(time).toISOString() === text;
}

/**
 * `rotation-pause.json`: whether rotators of a data directory are held, until when, and who said so. Every run looks at it
 * once it has claimed the shards, and again between its steps. A pause with an end is over at that time, whatever runs
 * then; the file stays and says who paused, or resumed, last.
 */
import { chownSync, statSync } from "node:fs";
import { join } from "node:path";
import { Compile } from "typebox/compile";
import { type ChangeNote, describeAsker, NOTE_SCHEMA } from "../../change-note.ts";
import { describeError, PasserbyError } from "../../errors.ts";
import { replaceFile } from "../../replace-file.ts";
import { readIfThere } from "../files/read-if-there.ts";

/** Name of the file in the data directory. */
export const PAUSE_FILE = "rotation-pause.json";

/** What was last said about the rotation of a data directory. */
export type RotationPause = ChangeNote & {
  /** False: it was resumed. */
  readonly paused: boolean;
  /** End of the pause, ISO 8601 UTC; null for none. */
  readonly until: string | null;
};

const fileSchema = Compile({
  type: "object",
  required: [...NOTE_SCHEMA.required, "v", "paused", "until"],
  properties: {
    ...NOTE_SCHEMA.properties,
    v: { type: "integer", const: 1 },
    paused: { type: "boolean" },
    until: { anyOf: [{ type: "string" }, { type: "null" }] },
  },
} as const);

/** Returns the pause if rotators are held by it at a time in milliseconds since 1970. */
export function pauseInForce(pause: RotationPause | undefined, nowMs: number): RotationPause | undefined {
  if (pause?.paused !== true) return undefined;
  return pause.until === null || nowMs < Date.parse(pause.until) ? pause : undefined;
}

/** Returns when rotators were last held, in milliseconds since 1970: what was due before is not late yet. */
export function lastHeldMs(pause: RotationPause | undefined, nowMs: number): number {
  if (pause === undefined) return 0;
  if (pauseInForce(pause, nowMs) !== undefined) return nowMs;
  return Date.parse(pause.until ?? pause.at);
}

/** Reads the file; undefined where there is none. Throws `data_dir_unusable` for one that cannot be read or is damaged. */
export function readPause(dataDir: string): RotationPause | undefined {
  const path = join(dataDir, PAUSE_FILE);
  const pause = parsePause(readText(path));
  if (pause !== "damaged") return pause;
  throw new PasserbyError(
    "data_dir_unusable",
    `${path} is damaged, and nothing is rotated: passerby rotate --pause or --resume writes it anew`,
  );
}

/** Replaces the file. Throws `data_dir_unusable` when it cannot be written: then nothing has changed. */
export function writePause(dataDir: string, pause: RotationPause): void {
  const path = join(dataDir, PAUSE_FILE);
  try {
    replaceFile(path, `${JSON.stringify({ v: 1, ...pause }, null, 1)}\n`);
    // What the superuser has written, the rotator, which is somebody else, must be able to read.
    const { uid, gid } = statSync(dataDir);
    if (process.getuid?.() === 0 && uid !== 0) chownSync(path, uid, gid);
  } catch (cause) {
    throw new PasserbyError("data_dir_unusable", `${path} could not be written: ${describeError(cause)}`, { cause });
  }
}

/** Tells in a line that rotators are held, until when, by whom and why. */
export function describePause({ until, at, who, why }: RotationPause): string {
  const end = until === null ? "until somebody resumes it" : `until ${until}`;
  return `the rotation is paused ${end}, since ${at} by ${describeAsker(who)}${why === null ? "" : `: ${why}`}`;
}

function readText(path: string): string | undefined {
  try {
    return readIfThere(path);
  } catch (cause) {
    throw new PasserbyError(
      "data_dir_unusable",
      `${path} cannot be read, and nothing is rotated: check its owner and mode (0600)`,
      { cause },
    );
  }
}

function parsePause(text: string | undefined): RotationPause | "damaged" | undefined {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "damaged";
  }
  if (!fileSchema.Check(value)) return "damaged";
  const { v: _v, ...pause } = value;
  return [pause.at, pause.until ?? pause.at].some((time) => Number.isNaN(Date.parse(time))) ? "damaged" : pause;
}

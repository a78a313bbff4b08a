/** What is kept of every change that somebody makes at run time: who made it, when, and why. */
import { userInfo } from "node:os";

/** Who asked for a change, as the asking process says: its user id and name, and its process id on this machine. */
export type Asker = { readonly uid: number | null; readonly user: string | null; readonly pid: number };

export type ChangeNote = {
  /** When, ISO 8601 UTC. */
  readonly at: string;
  readonly who: Asker;
  /** What the asker gave as the reason; null for none. */
  readonly why: string | null;
};

/** Characters that a reason may have: a line at a terminal, with room for who and when. */
export const MAX_REASON_CHARACTERS = 200;
/** What moves a cursor, ends a line or turns the direction of text, and halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Says whether a text may be kept as a reason. */
export function isReason(text: string): boolean {
  return text.trim() !== "" && [...text].length <= MAX_REASON_CHARACTERS && !UNPRINTABLE.test(text);
}

/** The form of a note, for the schema of what holds one. */
export const NOTE_SCHEMA = {
  type: "object",
  required: ["at", "who", "why"],
  properties: {
    at: { type: "string" },
    who: {
      type: "object",
      required: ["uid", "user", "pid"],
      properties: {
        uid: { anyOf: [{ type: "integer" }, { type: "null" }] },
        user: { anyOf: [{ type: "string", maxLength: 64 }, { type: "null" }] },
        pid: { type: "integer" },
      },
    },
    why: { anyOf: [{ type: "string" }, { type: "null" }] },
  },
} as const;

/** Returns who this process is. */
export function readAsker(): Asker {
  const uid = process.getuid?.() ?? null;
  try {
    return { uid, user: userInfo().username, pid: process.pid };
  } catch {
    return { uid, user: null, pid: process.pid }; // A container's user need not have a name.
  }
}

/** Names an asker for a person: `owner (uid 1000, process 4711)`. */
export function describeAsker({ uid, user, pid }: Asker): string {
  return `${user ?? "?"} (uid ${uid ?? "?"}, process ${pid})`;
}

/** Tells a note for a person, as the rest of a line: `2026-11-24T12:00:00.000Z by owner (uid 1000, process 4711): why`. */
export function describeNote({ at, who, why }: ChangeNote): string {
  return `${at} by ${describeAsker(who)}${why === null ? "" : `: ${why}`}`;
}

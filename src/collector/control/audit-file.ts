/**
 * `control-audit.jsonl`: every change of the brake, one JSON object a line, only ever appended to. A line is on disk
 * before its change takes force, so nothing is ever in force that is not in here; after a crash in between, the last
 * line may name a change that was never acknowledged.
 */
import { fstatSync, fsyncSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import type { Asker } from "../../change-note.ts";
import { systemErrorCode } from "../../errors.ts";
import { syncFolder, withFile, writeAll } from "../../log/files/durable-file.ts";
import type { BrakeName, BrakePosition } from "./control-state.ts";

export type AuditLine = BrakeName & {
  /** When, ISO 8601 UTC. */
  readonly at: string;
  /** `set` by somebody, or `ended` by itself; then `position` is what has ended. */
  readonly action: "set" | "ended";
  readonly position: BrakePosition;
  /** When it is to end, or was to; null for no end. */
  readonly until: string | null;
  readonly who: Asker | null;
  /** The reason that was given; left out in lines of older versions. */
  readonly why?: string | null;
};

const FILE = "control-audit.jsonl";
const NEWLINE = 10;

/** Appends lines in one write and syncs. Throws the system's error. */
export function appendAudit(dataDir: string, lines: readonly AuditLine[]): void {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  withFile(join(dataDir, FILE), "a+", (descriptor) => {
    // A line that a crash cut off must not swallow the one that follows it.
    writeAll(descriptor, Buffer.from(endsInNewline(descriptor) ? text : `\n${text}`));
    fsyncSync(descriptor);
  });
  syncFolder(dataDir);
}

function endsInNewline(descriptor: number): boolean {
  const { size } = fstatSync(descriptor);
  const last = Buffer.alloc(1);
  return size === 0 || readSync(descriptor, last, 0, 1, size - 1) === 0 || last[0] === NEWLINE;
}

/** Returns the last lines, newest first, as they are in the file; none when there is no file. */
export function readAudit(dataDir: string, limit: number): readonly AuditLine[] {
  return readText(join(dataDir, FILE))
    .split("\n")
    .map(parseLine)
    .filter((line) => line !== undefined)
    .slice(-limit)
    .reverse();
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return "";
    throw error;
  }
}

function parseLine(line: string): AuditLine | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // Blank, or cut off by a crash.
  }
}

/** Files as they are to be, compared with what is there, and written: nothing of the owner's is replaced unasked. */
import { constants, copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { replaceFile } from "../replace-file.ts";

export type PlannedFile = {
  /** Path below the folder that is set up. */
  readonly path: string;
  readonly text: string;
  /** Permission bits: 0o600 for what holds secrets. */
  readonly mode: number;
};

export type FileState = "new" | "same" | "differs";

/** Says how a file stands to what is there now. */
export function stateOf(folder: string, { path, text }: PlannedFile): FileState {
  const file = join(folder, path);
  if (!existsSync(file)) return "new";
  return readFileSync(file, "utf8") === text ? "same" : "differs";
}

/**
 * Writes a file. One that is there and differs is kept beside it as `.bak-<time>`; returns the path of that copy. Throws the
 * system's error.
 */
export function writePlanned(folder: string, { path, text, mode }: PlannedFile, nowMs: number): string | undefined {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  const copy = existsSync(file) ? `${file}.bak-${new Date(nowMs).toISOString().replace(/[-:]/g, "")}` : undefined;
  // Copied and not moved: killed in between, the old one is still in its place.
  if (copy !== undefined) copyFileSync(file, copy, constants.COPYFILE_EXCL);
  replaceFile(file, text, { mode });
  return copy;
}

/** A file without a name, for what must be on disk for a moment: whatever ends this process, nothing of it stays. */
import { unlinkSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Clock } from "../clock.ts";

/**
 * Opens an empty file (0600) to be written and read; `pathOf` makes the name that it has until then of a random part. Close
 * it. Throws the system's error.
 */
export async function openNamelessFile(pathOf: (random: string) => string, clock: Clock): Promise<FileHandle> {
  const path = pathOf(Buffer.from(clock.randomBytes(9)).toString("base64url"));
  const file = await open(path, "wx+", 0o600);
  unlinkSync(path);
  return file;
}

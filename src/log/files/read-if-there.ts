/** Reads small files that need not be there. */
import { readFileSync } from "node:fs";
import { systemErrorCode } from "../../errors.ts";

/** Returns the text of a file, or undefined where there is none. Throws every other error of the system. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

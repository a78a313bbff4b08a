/**
 * What this machine can run: real parts that some tests need. A suite that lacks its part is skipped under a name that
 * ends in `[needs …]`, which the test command counts and explains; nothing is ever skipped without a reason.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SHARED = fileURLToPath(new URL("../../shared/testdata/", import.meta.url));

function firstExisting(paths: readonly string[]): string | undefined {
  return paths.find((path) => existsSync(path));
}

/** Path of Debian's Chromium, or undefined. */
export const chromium: string | undefined = firstExisting(["/usr/bin/chromium", "/usr/bin/chromium-browser"]);

/** Path of nginx, or undefined. */
export const nginx: string | undefined = firstExisting(["/usr/sbin/nginx"]);

/** Path of strace, or undefined. */
export const strace: string | undefined = firstExisting(["/usr/bin/strace"]);

/** True under `npm test -- --long`: long loops, soaks and fuzzing. */
export const isLong: boolean = process.env["PASSERBY_LONG"] === "1";

/** Path of a file of real input that lives beside the repository, or undefined where it is not there. */
export function sharedData(name: string): string | undefined {
  const path = `${SHARED}${name}`;
  return existsSync(path) ? path : undefined;
}

/** Seals the active files of the log on SIGHUP, as a program that turns logs expects of a server. */
import { describeError } from "../src/errors.ts";

/** Calls `seal` at each SIGHUP; `onWarning` is told in one line when it fails, which the server lives through. */
export function sealOnSignal(seal: () => Promise<readonly string[]>, onWarning: (message: string) => void): void {
  process.on("SIGHUP", () => {
    seal().catch((error: unknown) => onWarning(`SIGHUP: ${describeError(error)}`));
  });
}

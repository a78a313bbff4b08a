/** Seals the files of writers that run no more, such as after a start with fewer workers, so that they age as others do. */
import { readdirSync } from "node:fs";
import { describeError } from "../../errors.ts";
import { parseLogFileName } from "./log-files.ts";
import { quarantineTornTail } from "./quarantine.ts";
import { sealActiveFile } from "./seal.ts";

export type SettleOptions = { readonly dataDir: string; readonly onWarning: (message: string) => void };

/**
 * Moves torn tails aside and seals every active file but those of the writers that are about to run. For the owner of the
 * folder, at its start. Never throws: a file that cannot be sealed is warned about, and read all the same.
 */
export function settleActiveFiles({ dataDir, onWarning }: SettleOptions, running: ReadonlySet<number>): void {
  for (const entry of readdirSync(dataDir, { withFileTypes: true })) {
    const file = parseLogFileName(entry.name);
    if (!entry.isFile() || file?.kind !== "active" || running.has(file.writer)) continue;
    try {
      quarantineTornTail(dataDir, file.writer);
      sealActiveFile(dataDir, file.writer, onWarning);
    } catch (error) {
      onWarning(`${entry.name} could not be sealed, and is tried again at the next start: ${describeError(error)}`);
    }
  }
}

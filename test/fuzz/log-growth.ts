/** What a server's log has gained since it was last looked at, read from the file itself. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { StoredEvent } from "../../src/event.ts";
import { decodeLine, isStoredEvent } from "../../src/log/read/decode-line.ts";

export type LogGrowth = {
  /** Returns the events of the lines that were added since the last call. Throws for a line that is none or not whole. */
  readonly take: () => readonly StoredEvent[];
};

/** Follows the file that the server of a data directory writes. */
export function followLog(dataDir: string): LogGrowth {
  const path = join(dataDir, "metrics.jsonl");
  let offset = 0;
  const readOn = (): string => {
    if (!existsSync(path)) return "";
    const file = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(fstatSync(file).size - offset);
      readSync(file, bytes, 0, bytes.length, offset);
      offset += bytes.length;
      return bytes.toString("utf8");
    } finally {
      closeSync(file);
    }
  };
  return {
    take: () => {
      const lines = readOn().split("\n");
      const last = lines.pop();
      if (last !== "") throw new Error(`the log ends in the middle of a line: ${last}`);
      return lines.map((line) => {
        const event = decodeLine(line);
        if (!isStoredEvent(event)) throw new Error(`the log holds a line that is no event: ${line}`);
        return event;
      });
    },
  };
}

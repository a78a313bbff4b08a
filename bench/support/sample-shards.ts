/** Sealed shards of sample events, as a collector would have left them. */
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { sealedName } from "../../src/log/files/log-files.ts";
import { encodeLines } from "../../src/log/write/encode-line.ts";
import { streamEvent } from "./sample-events.ts";

const SHARD_BYTES = 67_108_864;
const WRITE_EVENTS = 5_000;

/** Writes so many events into a folder as shards of 64 MiB. */
export function writeSampleShards(dataDir: string, events: number): void {
  let number = 0;
  for (let next = 0; next < events; ) {
    number += 1;
    const name = sealedName({ writer: 1, day: "2026-10-31", number });
    const file = openSync(join(dataDir, name), "wx");
    for (let bytes = 0; bytes < SHARD_BYTES && next < events; ) {
      const size = Math.min(WRITE_EVENTS, events - next);
      const made = Array.from({ length: size }, (_, at) => streamEvent(next + at, events));
      bytes += writeSync(file, encodeLines(made, { writer: "w1", start: "bench", seq: next }));
      next += size;
    }
    closeSync(file);
  }
}

/** The table `checkpoints`: how far each file of the log is loaded, by an identity that survives renaming. */
import type { Ask } from "./duckdb.ts";
import type { LineCounts } from "./line-counts.ts";

/** How far a file is loaded. `generation` is that of the shard as it was when its first line was loaded. */
export type Checkpoint = LineCounts & { readonly generation: number; readonly offset: number };

/** Reads all checkpoints, by the file's identity. */
export async function readCheckpoints(ask: Ask): Promise<Map<string, Checkpoint>> {
  const rows = await ask("SELECT * FROM checkpoints");
  return new Map(
    rows.map((row) => [
      String(row["file"]),
      {
        generation: Number(row["generation"]),
        offset: Number(row["byte_offset"]),
        events: Number(row["events"]),
        duplicates: Number(row["duplicates"]),
        damaged: Number(row["damaged"]),
        erased: Number(row["erased"]),
        newer: Number(row["newer"]),
      },
    ]),
  );
}

/** Replaces the checkpoint of a file; to be called in the transaction of the rows that it counts. */
export async function writeCheckpoint(ask: Ask, file: string, checkpoint: Checkpoint): Promise<void> {
  const { generation, offset, events, duplicates, damaged, erased, newer } = checkpoint;
  await ask("DELETE FROM checkpoints WHERE file = $file", { file });
  await ask(
    `INSERT INTO checkpoints (file, generation, byte_offset, events, duplicates, damaged, erased, newer)
     VALUES ($file, $generation, $offset, $events, $duplicates, $damaged, $erased, $newer)`,
    { file, generation, offset, events, duplicates, damaged, erased, newer },
  );
}

/** Writes the shards of an import: events under a dataset's name, of which either all are in the log or none. */

import { readdirSync } from "node:fs";
import { open, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import { PasserbyError } from "../../errors.ts";
import type { AcceptedEvent } from "../../event.ts";
import { renameToFree } from "../files/durable-file.ts";
import { importName, isDatasetName, nextShardNumber, seriesOf } from "../files/log-files.ts";
import { lastNumberOf, readManifest } from "../files/manifest.ts";
import { encodeLines } from "./encode-line.ts";

export type ImportShardOptions = {
  readonly dataDir: string;
  readonly dataset: string;
  readonly clock: Clock;
  /** What the file that is imported is known by: its lines' `start` begins with it, so that the shard says what it is of. */
  readonly fileKey?: string;
};

/** A shard that was published. `start` is the id in its lines; their writer is `import-` and the dataset's name. */
export type ImportShard = {
  readonly file: string;
  readonly start: string;
  readonly events: number;
  readonly bytes: number;
};

/**
 * Streams events into a new shard, `metrics-import-NAME-N.jsonl`, and returns when it is on disk under that name;
 * undefined, and no shard, for no events. A name is never used twice. When `events` throws, nothing stays and the error goes on. Throws
 * `invalid_request` for a name that is not 1 to 40 of a to z, 0 to 9 and `-`, `log_damaged` for a manifest that cannot be read.
 * Needs no claim of the folder.
 */
export async function writeImportShard(
  options: ImportShardOptions,
  events: AsyncIterable<readonly AcceptedEvent[]> | Iterable<readonly AcceptedEvent[]>,
): Promise<ImportShard | undefined> {
  const { dataDir, dataset, clock } = options;
  if (!isDatasetName(dataset)) {
    throw new PasserbyError("invalid_request", `a dataset's name is 1 to 40 of a-z, 0-9 and -; got "${dataset}"`);
  }
  const random = Buffer.from(clock.randomBytes(9)).toString("base64url");
  const start = options.fileKey === undefined ? random : `${options.fileKey}.${random}`;
  const temporary = `metrics-import-${dataset}.${start}.tmp`;
  const path = join(dataDir, temporary);
  try {
    const written = await writeLines(path, { writer: `import-${dataset}`, start }, events);
    if (written.events === 0) {
      await unlink(path);
      return undefined;
    }
    return { ...written, start, file: publish(dataDir, temporary, dataset) };
  } catch (error) {
    await unlink(path).catch(() => undefined); // The first error is the one to tell.
    throw error;
  }
}

async function writeLines(
  path: string,
  position: { readonly writer: string; readonly start: string },
  events: AsyncIterable<readonly AcceptedEvent[]> | Iterable<readonly AcceptedEvent[]>,
): Promise<{ readonly events: number; readonly bytes: number }> {
  const file = await open(path, "wx", 0o600);
  try {
    let seq = 0;
    for await (const batch of events) {
      await file.appendFile(encodeLines(batch, { ...position, seq }));
      seq += batch.length;
    }
    await file.sync();
    return { events: seq, bytes: (await file.stat()).size };
  } finally {
    await file.close();
  }
}

function publish(dataDir: string, temporary: string, dataset: string): string {
  const series = { kind: "import", dataset, number: 0 } as const;
  // The folder first: a shard that is not in it any more was in the manifest before it was deleted.
  const free = nextShardNumber(readdirSync(dataDir), series);
  // A manifest that cannot be read ends the import: a name that is used again would be taken for the shard that was deleted.
  const first = Math.max(free, lastNumberOf(readManifest(dataDir), seriesOf(series)) + 1);
  return renameToFree(dataDir, temporary, (attempt) => importName(dataset, first + attempt));
}

/** Reads what the imported file is known by out of a line's `start`; undefined where the writer was told none. */
export function fileKeyOfStart(start: string): string | undefined {
  return /^([0-9a-f]+)\.[\w-]{12}$/.exec(start)?.[1];
}

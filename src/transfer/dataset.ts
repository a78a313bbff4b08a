/**
 * What is known about an imported dataset: `metrics-import-NAME.json` in the data directory, with its retention and the
 * files it was made of, so that the same file, or one that has grown, is not imported twice.
 *
 * The shards are the truth: this record is written after a shard is published, and a shard without a record (the
 * import was killed between the two) is recognised by the `start` of its lines; one written before lines said so, by its
 * first event's id.
 */
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describeError, PasserbyError, systemErrorCode } from "../errors.ts";
import { type LogFile, listLogFiles } from "../log/files/log-files.ts";
import { isStoredEvent } from "../log/read/decode-line.ts";
import { readEvents } from "../log/read/read-lines.ts";
import { fileKeyOfStart } from "../log/write/import-shard.ts";
import { replaceFile } from "../replace-file.ts";
import { fileKeyOfEvent } from "./import-id.ts";
import type { Fingerprint } from "./input-file.ts";

const LEFTOVER_AGE_MS = 3_600_000;

/** One import of one file: what it was, and the shard that its events are in. */
export type ImportRecord = Fingerprint & {
  /** Name that the shard was published under; compressed since, it has an ending more. */
  readonly shard: string;
  readonly site: string;
  readonly events: number;
  /** ISO 8601, UTC. */
  readonly importedAt: string;
};

export type Dataset = {
  readonly name: string;
  /** Days from the import on that a shard is kept; null is for ever. */
  readonly keepDays: number | null;
  readonly imports: readonly ImportRecord[];
};

/** Reads a dataset's record; an empty one where there is none. Throws `data_dir_unusable` for a damaged one. */
export function readDataset(dataDir: string, name: string): Dataset {
  const path = recordPath(dataDir, name);
  const empty: Dataset = { name, keepDays: null, imports: [] };
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (isDataset(value)) return value;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return empty;
    if (!(error instanceof SyntaxError)) {
      throw new PasserbyError("data_dir_unusable", `${path} cannot be read: check its owner and mode (0600)`, {
        cause: error,
      });
    }
  }
  throw new PasserbyError(
    "data_dir_unusable",
    `${path} is damaged: delete it and import again, nothing is stored twice`,
  );
}

/** Writes a dataset's record. Throws `data_dir_unusable`. */
export function writeDataset(dataDir: string, dataset: Dataset): void {
  const path = recordPath(dataDir, dataset.name);
  try {
    replaceFile(path, `${JSON.stringify(dataset, null, 2)}\n`);
  } catch (cause) {
    throw new PasserbyError(
      "data_dir_unusable",
      `the events are imported, but ${path} cannot be written (${describeError(cause)}): run the import again`,
      { cause },
    );
  }
}

/** The shards of imports in a data directory, by the name they were sealed under, with the key of the file that each was made of. */
export type ImportedShard = { readonly shard: string; readonly dataset: string; readonly fileKey: string | undefined };

/** Lists the shards of all datasets. */
export async function listImportedShards(dataDir: string): Promise<readonly ImportedShard[]> {
  const shards: ImportedShard[] = [];
  for (const file of await listLogFiles(dataDir)) {
    if (file.kind !== "import") continue;
    shards.push({ shard: file.shard, dataset: file.dataset, fileKey: await readFileKey(file) });
  }
  return shards;
}

/** Deletes what killed imports of a dataset left behind: temporary files that nobody has written to for an hour. */
export function removeLeftovers(dataDir: string, name: string, nowMs: number): void {
  for (const file of readdirSync(dataDir)) {
    if (!file.startsWith(`metrics-import-${name}.`) || !file.endsWith(".tmp")) continue;
    const path = join(dataDir, file);
    const lastWriteMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? nowMs;
    if (nowMs - lastWriteMs > LEFTOVER_AGE_MS) rmSync(path, { force: true });
  }
}

async function readFileKey(file: LogFile): Promise<string | undefined> {
  for await (const { decoded } of readEvents(file.path)) {
    if (isStoredEvent(decoded)) return fileKeyOfStart(decoded.start) ?? fileKeyOfEvent(decoded.eventId);
  }
  return undefined;
}

function recordPath(dataDir: string, name: string): string {
  return join(dataDir, `metrics-import-${name}.json`);
}

function isDataset(value: unknown): value is Dataset {
  if (typeof value !== "object" || value === null) return false;
  const hasKeep = "keepDays" in value && (value.keepDays === null || typeof value.keepDays === "number");
  return (
    "name" in value && typeof value.name === "string" && hasKeep && "imports" in value && isImportList(value.imports)
  );
}

function isImportList(value: unknown): value is readonly ImportRecord[] {
  const texts = ["sha256", "shard", "site", "importedAt"];
  const isRecord = (item: unknown): boolean =>
    typeof item === "object" &&
    item !== null &&
    texts.every((key) => key in item) &&
    "bytes" in item &&
    typeof item.bytes === "number";
  return Array.isArray(value) && value.every(isRecord);
}

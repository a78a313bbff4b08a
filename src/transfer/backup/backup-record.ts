/** `backup.json`: what a finished backup consists of. It is replaced as a whole and last, so a killed backup changes nothing. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Compile } from "typebox/compile";
import { describeError, PasserbyError, systemErrorCode } from "../../errors.ts";
import { shardOf } from "../../log/files/log-files.ts";
import type { ShardFacts } from "../../log/files/manifest.ts";
import { LINE_VERSION } from "../../log/write/encode-line.ts";
import { replaceFile } from "../../replace-file.ts";
import { copyName, originalName, RECORD_FILE } from "./copy-names.ts";

/** A file of the log in the backup. `shard` is the name it was sealed under, or that of an active file. */
export type ShardCopy = ShardFacts & {
  readonly shard: string;
  /** Name in the backup. */
  readonly file: string;
  /** Bytes in the backup, where it may be compressed. */
  readonly fileBytes: number;
};

/** Another file of the data directory in the backup. */
export type SmallCopy = {
  readonly name: string;
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
};

export type BackupRecord = {
  /** When it was finished, ISO 8601, UTC. */
  readonly finishedAt: string;
  /** Version of the program that made it. */
  readonly toolVersion: string;
  /** By `shard`. */
  readonly shards: ReadonlyMap<string, ShardCopy>;
  /** By `name`. */
  readonly files: ReadonlyMap<string, SmallCopy>;
  /** As in the manifest: which numbers of shards are taken. */
  readonly lastNumbers: ReadonlyMap<string, number>;
};

const RECORD_VERSION = 1;
const count = { type: "integer", minimum: 0 } as const;
const text = { type: "string" } as const;
const sha256 = { type: "string", pattern: "^[0-9a-f]{64}$" } as const;

const recordShape = Compile({
  type: "object",
  required: ["v", "line_version", "tool_version", "finished_at", "shards", "files", "last_numbers"],
  properties: {
    v: { const: RECORD_VERSION },
    line_version: count,
    tool_version: text,
    finished_at: text,
    shards: {
      type: "array",
      items: {
        type: "object",
        required: ["shard", "file", "file_bytes", "sha256", "bytes", "lines", "first", "generation"],
        properties: {
          ...{ shard: text, file: text, file_bytes: count, sha256, bytes: count, lines: count, generation: count },
          first: { anyOf: [text, { type: "null" }] },
        },
      },
    },
    files: {
      type: "array",
      items: {
        type: "object",
        required: ["name", "file", "sha256", "bytes"],
        properties: { name: text, file: text, sha256, bytes: count },
      },
    },
    last_numbers: { type: "object", additionalProperties: count },
  },
} as const);

/**
 * Reads the record of a backup; undefined where no backup was finished. Throws `backup_unusable` for one that this program
 * did not write, or a later version of it did.
 */
export function readRecord(folder: string): BackupRecord | undefined {
  const path = join(folder, RECORD_FILE);
  const value = parse(path);
  if (value === undefined) return undefined;
  if (isNewer(value)) {
    throw new PasserbyError("backup_unusable", `${path} is of a later version: use the program that made it`);
  }
  if (!recordShape.Check(value)) throw damaged(path);
  const shards = value.shards.map(({ file_bytes: fileBytes, ...same }) => ({ ...same, fileBytes }));
  const isNamed = shards.every((copy) => shardOf(originalName(copy.file) ?? "") === copy.shard && isKeyed(copy));
  if (!isNamed || !value.files.every((copy) => originalName(copy.file) === copy.name && isKeyed(copy))) {
    throw damaged(path);
  }
  return {
    finishedAt: value.finished_at,
    toolVersion: value.tool_version,
    shards: new Map(shards.map((copy) => [copy.shard, copy])),
    files: new Map(value.files.map((copy) => [copy.name, copy])),
    lastNumbers: new Map(Object.entries(value.last_numbers)),
  };
}

/** Replaces the record of a backup. Throws the system's error. */
export function writeRecord(folder: string, record: BackupRecord): void {
  const value = {
    v: RECORD_VERSION,
    line_version: LINE_VERSION,
    tool_version: record.toolVersion,
    finished_at: record.finishedAt,
    shards: [...record.shards.values()].map(({ fileBytes, ...same }) => ({ ...same, file_bytes: fileBytes })),
    files: [...record.files.values()],
    last_numbers: Object.fromEntries(record.lastNumbers),
  };
  replaceFile(join(folder, RECORD_FILE), `${JSON.stringify(value, null, 1)}\n`);
}

/** A name from a file is never used as a path before it is known to be one that we give. */
function isKeyed(copy: { readonly file: string; readonly sha256: string }): boolean {
  return copyName(copy.sha256, originalName(copy.file) ?? "") === copy.file;
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT") return undefined;
    if (cause instanceof SyntaxError) throw damaged(path);
    throw new PasserbyError("backup_unusable", `${path} cannot be read: ${describeError(cause)}`, { cause });
  }
}

function isNewer(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    "v" in value &&
    typeof value.v === "number" &&
    value.v > RECORD_VERSION
  );
}

function damaged(path: string): PasserbyError {
  return new PasserbyError(
    "backup_unusable",
    `${path} is not the record of a backup: move it away, or name another folder`,
  );
}

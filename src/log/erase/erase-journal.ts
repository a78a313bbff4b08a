/**
 * `erase-KEY.json`: what an erasure is about to do and has done, so that the same command goes on after a kill. It holds no
 * id: whoever goes on gives the id again, and a salted hash tells that it is the same.
 */
import { scryptSync, timingSafeEqual } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Compile } from "typebox/compile";
import type { Clock } from "../../clock.ts";
import { PasserbyError } from "../../errors.ts";
import { replaceFile } from "../../replace-file.ts";
import type { ShardFacts } from "../files/manifest.ts";
import { readIfThere } from "../files/read-if-there.ts";
import type { EraseTarget } from "./target.ts";

const NAME = /^erase-[0-9a-f]{16}\.json$/;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** How the hash is made: scrypt with Node's defaults (N 16,384, r 8, p 1), so that ids are slow to guess. */
export const HASH_METHOD = "scrypt, N=16384 r=8 p=1, 32 bytes, over the kind, NUL and the value";

/** A shard that is rewritten. `before` and `sha256` are of its lines, in hex; `generation` is the one that it gets by this. */
export type ShardErasure = ShardFacts & { readonly shard: string; readonly erased: number; readonly before: string };

/** A file of torn lines; `after` is null where nothing was left and the file is removed. */
export type TornErasure = {
  readonly file: string;
  readonly erased: number;
  readonly before: string;
  readonly after: string | null;
};

export type Journal = {
  readonly v: 1;
  /** 16 hexadecimal digits that name the files of this erasure. */
  readonly key: string;
  readonly kind: EraseTarget["kind"];
  readonly before: string | null;
  readonly salt: string;
  readonly hash: string;
  readonly started_at: string;
  readonly shards: readonly ShardErasure[];
  readonly torn: readonly TornErasure[];
};

const text = { type: "string" } as const;
const count = { type: "integer", minimum: 0 } as const;
const textOrNull = { anyOf: [{ type: "string" }, { type: "null" }] } as const;

const shardSchema = {
  type: "object",
  required: ["shard", "erased", "before", "sha256", "bytes", "lines", "first", "generation"],
  properties: {
    shard: text,
    erased: count,
    before: text,
    sha256: text,
    bytes: count,
    lines: count,
    first: textOrNull,
    generation: count,
  },
} as const;

const tornSchema = {
  type: "object",
  required: ["file", "erased", "before", "after"],
  properties: { file: text, erased: count, before: text, after: textOrNull },
} as const;

const journalSchema = {
  type: "object",
  required: ["v", "key", "kind", "before", "salt", "hash", "started_at", "shards", "torn"],
  properties: {
    v: { const: 1 },
    key: { type: "string", pattern: "^[0-9a-f]{16}$" },
    kind: { enum: ["visitor", "site"] },
    before: textOrNull,
    salt: text,
    hash: text,
    started_at: text,
    shards: { type: "array", items: shardSchema },
    torn: { type: "array", items: tornSchema },
  },
} as const;

const validator = Compile(journalSchema);

/** Begins a journal, which is on no disk yet. */
export function beginJournal({ kind, value, before }: EraseTarget, clock: Clock): Journal {
  const salt = Buffer.from(clock.randomBytes(SALT_BYTES));
  return {
    v: 1,
    key: Buffer.from(clock.randomBytes(8)).toString("hex"),
    kind,
    before,
    salt: salt.toString("hex"),
    hash: hashOf(kind, value, salt).toString("hex"),
    started_at: new Date(clock.now()).toISOString(),
    shards: [],
    torn: [],
  };
}

/** Says whether a journal is of this target. */
export function isJournalOf(journal: Journal, { kind, value, before }: EraseTarget): boolean {
  if (journal.kind !== kind || journal.before !== before) return false;
  const hash = hashOf(kind, value, Buffer.from(journal.salt, "hex"));
  const known = Buffer.from(journal.hash, "hex");
  return known.length === hash.length && timingSafeEqual(known, hash);
}

/** Reads the journals of erasures that were not finished. Throws `data_dir_unusable` for one that is damaged. */
export function readJournals(dataDir: string): readonly Journal[] {
  return readdirSync(dataDir)
    .filter(isJournalName)
    .flatMap((name) => {
      const text = readIfThere(join(dataDir, name));
      if (text === undefined) return []; // Finished since the folder was read.
      const value = parseJson(text);
      if (validator.Check(value)) return [value];
      const message = `${join(dataDir, name)} is damaged: delete it, and run the erasure again`;
      throw new PasserbyError("data_dir_unusable", message);
    });
}

/** Writes a journal as a whole. Throws the system's error. */
export function writeJournal(dataDir: string, journal: Journal): void {
  replaceFile(join(dataDir, journalName(journal.key)), `${JSON.stringify(journal, null, 1)}\n`);
}

/** Says whether a file is the journal of an erasure, by its name. */
export function isJournalName(name: string): boolean {
  return NAME.test(name);
}

/** Returns the name of a journal. */
export function journalName(key: string): string {
  return `erase-${key}.json`;
}

function hashOf(kind: string, value: string, salt: Buffer): Buffer {
  return scryptSync(`${kind}\0${value}`, salt, HASH_BYTES);
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

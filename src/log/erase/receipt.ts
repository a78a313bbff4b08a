/** `erasure-DAY-KEY.json`: the receipt of an erasure, which stays: what was taken out of which file, without saying whose it was. */
import { join } from "node:path";
import { replaceFile } from "../../replace-file.ts";
import { HASH_METHOD, type Journal } from "./erase-journal.ts";

/** What was forgotten outside the log. */
export type Forgotten = {
  readonly eventIds: number;
  readonly liveEvents: number;
  /** Names of the store's files that were removed. */
  readonly storeFiles: readonly string[];
};

/** A receipt in the names of the file. `*_before` and `*_after` are SHA-256 of a file's lines, in hex. */
export type Receipt = {
  readonly v: 1;
  readonly kind: Journal["kind"];
  readonly before: string | null;
  readonly salt: string;
  readonly hash: string;
  readonly hash_method: string;
  readonly started_at: string;
  readonly finished_at: string;
  /** Lines erased, from shards and from quarantine. */
  readonly erased: number;
  readonly files: readonly {
    readonly file: string;
    readonly erased: number;
    readonly sha256_before: string;
    /** Null where the file was removed. */
    readonly sha256_after: string | null;
    /** Null for a file of quarantine, which has none. */
    readonly generation: number | null;
  }[];
  /** Ids taken out of the remembered ones, and events out of the live snapshot. */
  readonly event_ids: number;
  readonly live_events: number;
  /** Files of the store that were removed; it is made anew from the log. */
  readonly store_files: readonly string[];
  /** Files of quarantine that cannot be read to their end. */
  readonly unsearched: readonly string[];
};

export type ReceiptFacts = {
  readonly forgotten: Forgotten;
  readonly unsearched: readonly string[];
  readonly nowMs: number;
};

/** Puts a receipt together. */
export function makeReceipt(journal: Journal, { forgotten, unsearched, nowMs }: ReceiptFacts): Receipt {
  const { kind, before, salt, hash, started_at, shards, torn } = journal;
  const files = [
    ...shards.map((shard) => ({
      file: shard.shard,
      erased: shard.erased,
      sha256_before: shard.before,
      sha256_after: shard.sha256,
      generation: shard.generation,
    })),
    ...torn.map((file) => ({
      file: file.file,
      erased: file.erased,
      sha256_before: file.before,
      sha256_after: file.after,
      generation: null,
    })),
  ];
  return {
    ...{ v: 1, kind, before, salt, hash, hash_method: HASH_METHOD, started_at },
    finished_at: new Date(nowMs).toISOString(),
    erased: files.reduce((sum, file) => sum + file.erased, 0),
    files,
    event_ids: forgotten.eventIds,
    live_events: forgotten.liveEvents,
    store_files: forgotten.storeFiles,
    unsearched,
  };
}

/** Returns the name of an erasure's receipt. */
export function receiptName({ started_at, key }: Journal): string {
  return `erasure-${started_at.slice(0, 10)}-${key}.json`;
}

/** Writes a receipt, 0600. Throws the system's error. */
export function writeReceipt(dataDir: string, journal: Journal, receipt: Receipt): void {
  replaceFile(join(dataDir, receiptName(journal)), `${JSON.stringify(receipt, null, 1)}\n`);
}

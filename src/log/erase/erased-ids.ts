/**
 * `erase-KEY.ids`: the ids of the events of an erasure, 16 bytes each, kept until they are forgotten everywhere else: once the
 * lines are gone, nothing else could tell them. They are random numbers and name nobody.
 */
import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { PasserbyError } from "../../errors.ts";
import { syncFolder, writeAll } from "../files/durable-file.ts";

const ID_BYTES = 16;
const CHUNK_IDS = 4096;
const NAME = /^erase-[0-9a-f]{16}\.ids$/;

/** Returns the name of the file of an erasure. */
export function idsFileName(key: string): string {
  return `erase-${key}.ids`;
}

/** Adds ids (UUIDs), durable when it returns; an id may be in the file twice. Cuts off what a killed run left unfinished. */
export function addErasedIds(dataDir: string, key: string, ids: readonly string[]): void {
  const file = openSync(join(dataDir, idsFileName(key)), "a", 0o600);
  try {
    const { size } = fstatSync(file);
    ftruncateSync(file, size - (size % ID_BYTES));
    writeAll(file, Buffer.from(ids.map((id) => id.replaceAll("-", "")).join(""), "hex"));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  syncFolder(dataDir);
}

/**
 * Yields the ids of a file in lists, as UUIDs in lower case; none where there is no file. Throws `invalid_request` for a name
 * that is none of these files.
 */
export function* readErasedIds(dataDir: string, name: string): Generator<readonly string[], void, void> {
  if (!NAME.test(name)) throw new PasserbyError("invalid_request", "the file of ids is called erase-KEY.ids");
  const path = join(dataDir, name);
  if (!existsSync(path)) return;
  const file = openSync(path, "r");
  try {
    const chunk = Buffer.alloc(CHUNK_IDS * ID_BYTES);
    for (let position = 0; ; position += chunk.length) {
      const bytes = readSync(file, chunk, 0, chunk.length, position);
      if (bytes < ID_BYTES) return;
      yield splitIds(chunk.subarray(0, bytes - (bytes % ID_BYTES)));
      if (bytes < chunk.length) return;
    }
  } finally {
    closeSync(file);
  }
}

function splitIds(bytes: Buffer): readonly string[] {
  const hex = bytes.toString("hex");
  return Array.from({ length: bytes.length / ID_BYTES }, (_, index) =>
    formatUuid(hex.slice(index * 32, index * 32 + 32)),
  );
}

function formatUuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

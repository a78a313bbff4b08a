/** Removes the store from a data directory, with every file that was set aside or left half made; the log has all of it. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { syncFolder } from "../replace-file.ts";

/** What DuckDB keeps beside a file that it writes, and the folder of what it has no memory for. */
const ENDINGS = String.raw`(?:\.wal(?:\.checkpoint|\.recovery)?|\.tmp)?`;
/** The store that answers. */
const STORE = new RegExp(`^store\\.duckdb${ENDINGS}$`);
/** `store-set-aside-….duckdb` and others beside it, and copies that were being made. */
const BESIDE_STORE = new RegExp(`^store-[\\w-]+(?:\\.duckdb|\\.tmp)${ENDINGS}$`);

/** Removes all files of the store, which nobody may have open. Returns their names. Throws the system's error. */
export function removeStoreFiles(dataDir: string): readonly string[] {
  const names = listStoreFiles(dataDir);
  remove(dataDir, names);
  return names;
}

/**
 * Removes the files beside the store that answers, which nobody may have open; given the name of one, only that one with what
 * belongs to it. Throws the system's error.
 */
export function removeFilesBeside(dataDir: string, database = ""): void {
  const names = listStoreFiles(dataDir).filter((name) => BESIDE_STORE.test(name) && name.startsWith(database));
  remove(dataDir, names);
}

/** Lists the files of the store, and those beside it. */
export function listStoreFiles(dataDir: string): readonly string[] {
  return readdirSync(dataDir).filter((name) => STORE.test(name) || BESIDE_STORE.test(name));
}

function remove(dataDir: string, names: readonly string[]): void {
  if (names.length === 0) return;
  for (const name of names) rmSync(join(dataDir, name), { recursive: true, force: true });
  syncFolder(dataDir);
}

/** Removes the store from a data directory, with every file that was set aside or left half made; the log has all of it. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { syncFolder } from "../replace-file.ts";

/** `store.duckdb`, `store-set-aside-….duckdb` and others beside it, their write-ahead logs, and what they spilled. */
const STORE_FILES = /^store(?:-[\w-]+)?\.duckdb(?:\.wal|\.tmp)?$/;

/** Removes all files of the store, which nobody may have open. Returns their names. Throws the system's error. */
export function removeStoreFiles(dataDir: string): readonly string[] {
  const names = readdirSync(dataDir).filter((name) => STORE_FILES.test(name));
  for (const name of names) rmSync(join(dataDir, name), { recursive: true, force: true });
  syncFolder(dataDir);
  return names;
}
